// The official Node SDK, driven from Python: one JSON line in, one JSON line out, in order.
//
// in:  {key, host, port, resource: "paymentIntents", method: "create", args: [...], all: false}
// out: {result, headers} or {error: {type, message, status, raw, headers}}

import { createInterface } from "node:readline";
import Stripe from "stripe";

const clients = new Map();

function clientFor({ key, host, port }) {
  const name = `${key} ${host} ${port}`;
  if (!clients.has(name)) {
    clients.set(name, new Stripe(key, { host, port, protocol: "http", maxNetworkRetries: 0, telemetry: false }));
  }
  return clients.get(name);
}

async function answer(call) {
  const resource = clientFor(call)[call.resource];
  const pending = resource[call.method](...call.args);
  if (call.all) {
    return { result: { data: await pending.autoPagingToArray({ limit: 10_000 }) }, headers: {} };
  }
  const result = await pending;
  return { result, headers: result.lastResponse.headers };
}

function told(error) {
  const { headers, statusCode, requestId, ...raw } = error.raw ?? {};
  return {
    error: { type: error.type ?? error.name, message: error.message, status: error.statusCode ?? null, raw, headers: error.headers ?? {} },
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const outcome = await answer(JSON.parse(line)).catch(told);
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}
