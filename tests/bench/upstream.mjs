// A canned Stripe: enough of its HTTP API for a purchase and a paid webhook, each answer after a set delay.
//
// It stands on bare sockets, because whatever it takes of the machine is missing from what is measured. Bodies are
// those of the sandbox, recorded beforehand (shapes.py), with @name@ where a value goes in.
//
//   node upstream.mjs SHAPES.json     prints its port
//   GET /_bench/counts                what it did since it was last reset
//   GET /_bench/reset?delay=50&ceiling=100    forget the counts; set milliseconds a call, and calls a second (0: none)

import { readFileSync } from "node:fs";
import { createServer } from "node:net";

const SHAPES = JSON.parse(readFileSync(process.argv[2], "utf8"));
const template = Object.fromEntries(Object.entries(SHAPES.bodies).map(([name, text]) => [name, compiled(text)]));

let delay = 50;
let ceiling = 0;
let made = 0; // intents and customers so far; never set back, so that ids never repeat
let inFlight = 0;
let connections = 0;
let second = 0;
let inSecond = 0;
const customers = new Map();
let paidOut = new Set();
let counts = fresh();

function fresh() {
  return { calls: {}, unknown: {}, total: 0, refused: 0, inFlightMost: inFlight, connectionsMost: connections };
}

/** The text as a function of the values that go in. */
function compiled(text) {
  const parts = text.split(/@(\w+)@/);
  return (values) => {
    let made = parts[0];
    for (let index = 1; index < parts.length; index += 2) made += values[parts[index]] + parts[index + 1];
    return made;
  };
}

/** What a form says, metadata apart. */
function form(text) {
  const fields = { metadata: {} };
  for (const pair of text.split("&")) {
    const equals = pair.indexOf("=");
    const name = decode(pair.slice(0, equals));
    const value = decode(pair.slice(equals + 1));
    if (name.startsWith("metadata[")) fields.metadata[name.slice(9, -1)] = value;
    else fields[name] = value;
  }
  return fields;
}

function decode(text) {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  return spaced.includes("%") ? decodeURIComponent(spaced) : spaced;
}

const quoted = (value) => (value === undefined ? "null" : JSON.stringify(value));
const now = () => Math.floor(Date.now() / 1000);
const suffix = () => `3Ba${mixed((made += 1))}x`;
const customer = (email) => template.customer({ id: customers.get(email) ?? `cus_${tag(email)}`, email: quoted(email) });
const payment = (id, expanded) =>
  template[expanded ? "payment_with_charge" : "payment"]({ n: id.slice(3), created: now() - 5 });

/** Twenty letters and digits for a number, in turn as in Stripe's ids: a row of digits could be a card number's. */
function mixed(number) {
  return [...String(number).padStart(10, "0")].map((digit, place) => `${"QxMtwBLdkI"[place]}${digit}`).join("");
}

/** Fourteen letters and digits that stand for a text. */
function tag(text) {
  let hash = 2166136261;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 16777619) >>> 0;
  return `${hash.toString(36)}Bench0000000000`.slice(0, 14);
}

function createCustomer(fields) {
  const id = `cus_${tag(suffix())}`;
  customers.set(fields.email, id);
  return customer(fields.email);
}

/** Emails that begin with "first" are of players who never bought; all others have a customer. */
function listCustomers(fields) {
  const email = fields.email ?? "";
  const known = customers.has(email) || !email.toLowerCase().startsWith("first");
  return template.list({ path: '"/v1/customers"', data: known ? customer(email) : "" });
}

function createIntent(fields) {
  return template.intent({
    n: suffix(),
    created: now(),
    amount: fields.amount,
    currency: quoted(fields.currency),
    customer: quoted(fields.customer),
    description: quoted(fields.description),
    receipt_email: quoted(fields.receipt_email),
    transfer_group: quoted(fields.transfer_group),
    metadata: JSON.stringify(fields.metadata),
  });
}

function createTransfer(fields) {
  const n = (fields.source_transaction ?? `ch_${suffix()}`).slice(3);
  paidOut.add(n);
  return transfer(n, fields, Object.values(fields).includes("source_transaction"));
}

function transfer(n, fields, expanded) {
  return template.transfer({
    n,
    created: now(),
    amount: fields.amount,
    destination: quoted(fields.destination),
    metadata: JSON.stringify(fields.metadata),
    source_transaction: expanded ? template.charge({ n, created: now() - 5 }) : `"ch_${n}"`,
  });
}

function listTransfers(fields) {
  const n = (fields.transfer_group ?? "").split("_").pop();
  const had = paidOut.has(n);
  const fixed = { amount: SHAPES.share, destination: SHAPES.account, metadata: JSON.parse(SHAPES.transferMetadata) };
  return template.list({ path: '"/v1/transfers"', data: had ? transfer(n, fixed, "expand[0]" in fields) : "" });
}

// Method and path, the last part of it apart -> how the call is called in the counts, and its answer's body.
const ROUTES = {
  "GET /v1/customers": ["customers.list", listCustomers],
  "POST /v1/customers": ["customers.create", createCustomer],
  "GET /v1/customers/*": ["customers.retrieve", (_, id) => template.customer({ id, email: quoted(`${id}@example.com`) })],
  "POST /v1/payment_intents": ["payment_intents.create", createIntent],
  "GET /v1/payment_intents/*": ["payment_intents.retrieve", (fields, id) => payment(id, "expand[0]" in fields)],
  "POST /v1/payment_intents/*": ["payment_intents.update", (fields, id) => payment(id, "expand[0]" in fields)],
  "GET /v1/products/*": ["products.retrieve", (_, id) => (id.startsWith("coach_") ? template.product({ id }) : undefined)],
  "POST /v1/products": ["products.create", (fields) => template.product({ id: fields.id })],
  "GET /v1/accounts/*": ["accounts.retrieve", (_, id) => template.account({ id })],
  "GET /v1/charges/*": ["charges.retrieve", (_, id) => template.charge({ n: id.slice(3), created: now() - 5 })],
  "GET /v1/transfers": ["transfers.list", listTransfers],
  "POST /v1/transfers": ["transfers.create", createTransfer],
  "GET /v1/balance": ["balance.retrieve", () => template.balance({})],
  "GET /v1/events": ["events.list", () => template.list({ path: '"/v1/events"', data: "" })],
};

function control(path, query) {
  if (path === "/_bench/reset") {
    const asked = new URLSearchParams(query);
    delay = Number(asked.get("delay") ?? delay);
    ceiling = Number(asked.get("ceiling") ?? ceiling);
    paidOut = new Set();
    customers.clear();
    counts = fresh();
  }
  return JSON.stringify({ ...counts, payments: paidOut.size, inFlight, connections });
}

/** Whether this second's calls are used up. */
function isTooMany() {
  if (!ceiling) return false;
  const current = now();
  if (current !== second) [second, inSecond] = [current, 0];
  inSecond += 1;
  return inSecond > ceiling;
}

function error(status, fields) {
  return [status, JSON.stringify({ error: fields }, null, 2)];
}

/** The status and body of a call. */
function answer(method, path, query, body) {
  counts.total += 1;
  if (isTooMany()) {
    counts.refused += 1;
    const message = "Request rate limit exceeded. You can learn more about rate limits here https://stripe.com/docs/rate-limits.";
    return error(429, { message, type: "invalid_request_error", code: "rate_limit" });
  }
  const [, top, kind, id] = path.split("/");
  const route = ROUTES[`${method} /${top}/${kind}${id ? "/*" : ""}`];
  if (!route) {
    const name = `${method} ${path}`;
    counts.unknown[name] = (counts.unknown[name] ?? 0) + 1;
    return error(404, { message: `Unrecognized request URL (${name}).`, type: "invalid_request_error" });
  }
  counts.calls[route[0]] = (counts.calls[route[0]] ?? 0) + 1;
  const found = route[1](form(method === "GET" ? query : body), id);
  if (found !== undefined) return [200, found];
  const missing = { message: `No such ${kind.slice(0, -1)}: '${id}'`, code: "resource_missing", param: "id" };
  return error(404, { ...missing, type: "invalid_request_error" });
}

// What Stripe sends along, which every SDK has to read.
const FIXED =
  "Server: nginx\r\nContent-Type: application/json\r\nConnection: keep-alive\r\n" +
  "Access-Control-Allow-Credentials: true\r\nAccess-Control-Allow-Methods: GET, HEAD, PUT, PATCH, POST, DELETE\r\n" +
  "Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: Request-Id, Stripe-Manage-Version, " +
  "Stripe-Should-Retry, X-Stripe-External-Auth-Required, X-Stripe-Privileged-Session-Required\r\n" +
  "Access-Control-Max-Age: 300\r\nCache-Control: no-cache, no-store\r\nVary: Origin\r\n" +
  "Strict-Transport-Security: max-age=63072000; includeSubDomains; preload\r\n" +
  `Stripe-Version: ${SHAPES.version}\r\n`;
const REASONS = { 200: "OK", 404: "Not Found", 429: "Too Many Requests" };
let date = new Date().toUTCString();
setInterval(() => (date = new Date().toUTCString()), 1000).unref();
let asked = 0;

function send(socket, method, head, status, body) {
  if (socket.destroyed) return;
  const id = `req_${mixed((asked += 1)).slice(-14)}`;
  let more = "";
  if (method === "POST") {
    const key = /\r\nidempotency-key: ([^\r]*)/i.exec(head)?.[1];
    more = `Idempotency-Key: ${key ?? ""}\r\nOriginal-Request: ${id}\r\nStripe-Should-Retry: false\r\n`;
  }
  const length = Buffer.byteLength(body);
  socket.write(
    `HTTP/1.1 ${status} ${REASONS[status]}\r\n${FIXED}Date: ${date}\r\nRequest-Id: ${id}\r\n${more}` +
      `Content-Length: ${length}\r\n\r\n${body}`,
  );
}

function take(socket, head, body) {
  const [method, target] = head.slice(0, head.indexOf("\r\n")).split(" ");
  const [path, query = ""] = target.split("?");
  if (path.startsWith("/_bench/")) {
    send(socket, method, head, 200, control(path, query));
    return;
  }
  inFlight += 1;
  counts.inFlightMost = Math.max(counts.inFlightMost, inFlight);
  setTimeout(() => {
    const [status, text] = answer(method, path, query, body);
    inFlight -= 1;
    send(socket, method, head, status, text);
  }, delay);
}

const server = createServer((socket) => {
  connections += 1;
  counts.connectionsMost = Math.max(counts.connectionsMost, connections);
  let text = "";
  socket.setNoDelay(true);
  socket.setEncoding("latin1"); // a byte is a character, so lengths are right; forms are ASCII
  socket.on("error", () => {});
  socket.on("close", () => (connections -= 1));
  socket.on("data", (piece) => {
    text += piece;
    for (;;) {
      const end = text.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = text.slice(0, end + 2);
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (text.length < end + 4 + length) return;
      const body = text.slice(end + 4, end + 4 + length);
      text = text.slice(end + 4 + length);
      take(socket, head, body);
    }
  });
});
server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => console.log(server.address().port));
process.stdin.on("end", () => process.exit()).resume(); // whoever started it is gone
