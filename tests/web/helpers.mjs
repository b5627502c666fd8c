// What the tests of the front-end services share: a configuration that does not wait, and servers that fail.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";

import { PaymentError, createConfig } from "../../backend/web/static/js/paymentService.js";

export const { BACKEND_URL, SANDBOX_URL } = process.env;

/** A configuration whose pauses take no time and are kept in `pauses`; chance always says one half. */
export function hasty(backendUrl, changes = {}) {
  const pauses = [];
  const sleep = async (milliseconds) => void pauses.push(milliseconds);
  return { pauses, config: createConfig({ backendUrl, sleep, random: () => 0.5, ...changes }) };
}

/**
 * A real server that answers each request with the next of `answers`, the last one for ever.
 * An answer is `(response, request) => …`; `requests` keeps what came, with its body as text.
 */
export async function serverOf(context, ...answers) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    requests.push({ method: request.method, url: request.url, headers: request.headers, body });
    const answer = answers[Math.min(requests.length, answers.length) - 1];
    await answer(response, requests.at(-1));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${server.address().port}`, requests };
}

/** An answer in JSON. */
export const json = (status, body, headers = {}) => (response) =>
  response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));

/** An answer in somebody else's words. */
export const html = (status) => (response) =>
  response.writeHead(status, { "Content-Type": "text/html" }).end(`<h1>${status}</h1>`);

/** The line goes dead without a word. */
export const cut = (response) => response.destroy();

/** Half of an answer, then the line goes dead. */
export const half = (response) => {
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": 100 });
  response.write('{"success": true, ', () => response.destroy());
};

/** No answer at all. */
export const hang = () => {};

async function forwarded({ method, url, headers, body }) {
  const { "content-type": type, "idempotency-key": key } = headers;
  const sent = { ...(type && { "Content-Type": type }), ...(key && { "Idempotency-Key": key }) };
  return fetch(BACKEND_URL + url, { method, headers: sent, ...(body && { body }) });
}

/** The backend's own answer, passed on. */
export const pass = async (response, request) => {
  const answer = await forwarded(request);
  response.writeHead(answer.status, { "Content-Type": "application/json" }).end(await answer.text());
};

/** The backend does the work, and its answer is lost on the way. */
export const lose = async (response, request) => {
  await (await forwarded(request)).text();
  response.destroy();
};

/** The sandbox's side door. */
export async function control(method, path, body) {
  const response = await fetch(`${SANDBOX_URL}/_sandbox/${path}`, {
    method,
    ...(body && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(JSON.stringify(answer));
  return answer;
}

/** All objects of a resource that Stripe has, as its secret key sees them. */
export async function listed(path) {
  const response = await fetch(`${SANDBOX_URL}/v1/${path}`, { headers: { Authorization: "Bearer sk_test_sandbox" } });
  return (await response.json()).data;
}

export const PAYMENT = "pi_1234567890";
export const ORDER = { coachId: "coach-1", coachName: "Dana", sport: "golf", packageType: "subscription" };
export const DOWN = { error: "Payment provider unavailable", message: "Please try again shortly." };
export const INTENT = json(200, { success: true, paymentIntent: { id: PAYMENT, status: "succeeded" } });
export const REFUND = json(200, { success: true, refund: { id: "re_1", amount: 100 } });

/** The error that a call ends with. */
export async function failed(call) {
  const outcome = await call.then((answer) => assert.fail(JSON.stringify(answer)), (error) => error);
  assert.ok(outcome instanceof PaymentError, outcome.stack);
  return outcome;
}
