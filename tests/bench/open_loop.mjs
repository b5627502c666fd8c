// Purchases at a constant rate, whatever becomes of earlier ones, with /health asked twenty times a second meanwhile.
// Latency counts from when a request was due. Connections are kept and used again; one more is opened when none is idle.
//
//   node open_loop.mjs PORT RATE SECONDS < BODY     prints one line of JSON
//
// "refused" are 503s and 429s, "failed" everything else but 200: other statuses, cut lines, no answer in ten seconds.

import { readFileSync } from "node:fs";
import { connect } from "node:net";

const [port, rate, seconds] = process.argv.slice(2).map(Number);
const body = readFileSync(0, "utf8");
const PURCHASE =
  "POST /api/payments/create-intent HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n" +
  `Content-Length: ${body.length}\r\n\r\n${body}`;
const HEALTH = "GET /health HTTP/1.1\r\nHost: bench\r\n\r\n";
const PATIENCE = 10_000;
const MOST_CONNECTIONS = 8_000;

const outcome = { asked: 0, served: [], refused: [], failed: 0, health: [] };
const idle = [];
const began = performance.now() + 200;
let open = 0;
let waiting = 0;

/** Send on an idle connection, or a new one, and pass on the status: 0 when the line is cut or nothing comes. */
function ask(text, told) {
  waiting += 1;
  let socket = idle.pop();
  while (socket?.destroyed) socket = idle.pop();
  if (!socket) {
    if (open >= MOST_CONNECTIONS) return ended(told, 0);
    socket = opened();
  }
  const timer = setTimeout(() => socket.destroy(), PATIENCE);
  socket.told = (status) => {
    clearTimeout(timer);
    socket.told = undefined;
    ended(told, status);
  };
  return socket.write(text);
}

function ended(told, status) {
  waiting -= 1;
  told(status);
}

function opened() {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  open += 1;
  socket.setNoDelay(true);
  socket.setEncoding("latin1");
  socket.on("error", () => {});
  socket.on("close", () => {
    open -= 1;
    socket.told?.(0);
  });
  socket.on("data", (piece) => {
    text += piece;
    const end = text.indexOf("\r\n\r\n");
    if (end < 0 || text.length < end + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0)) return;
    const status = Number(text.slice(9, 12));
    if (/\r\nconnection: close/i.test(text.slice(0, end))) socket.end();
    else idle.push(socket);
    text = "";
    socket.told?.(status);
  });
  return socket;
}

function buy(due) {
  outcome.asked += 1;
  ask(PURCHASE, (status) => {
    const taken = performance.now() - due;
    if (status === 200) outcome.served.push(taken);
    else if (status === 503 || status === 429) outcome.refused.push(taken);
    else outcome.failed += 1;
  });
}

function probe() {
  const asked = performance.now();
  ask(HEALTH, (status) => (status === 200 ? outcome.health.push(performance.now() - asked) : (outcome.failed += 1)));
}

function share(values, part) {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? null;
}

const numbers = (values) => ({ count: values.length, p50: share(values, 0.5), p99: share(values, 0.99) });
const probes = setInterval(probe, 50);
const clock = setInterval(() => {
  const now = performance.now();
  for (; outcome.asked < rate * seconds; buy(began + (outcome.asked / rate) * 1000)) {
    if (began + (outcome.asked / rate) * 1000 > now) return;
  }
  clearInterval(probes);
  if (waiting) return;
  clearInterval(clock);
  const { asked, served, refused, failed, health } = outcome;
  console.log(JSON.stringify({ asked, failed, served: numbers(served), refused: numbers(refused), health: numbers(health) }));
  process.exit();
}, 1);
