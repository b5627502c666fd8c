// Time limits and aborts: against real servers that do not answer.

import assert from "node:assert/strict";
import { getEventListeners, once } from "node:events";
import { test } from "node:test";

import * as service from "../../backend/web/static/js/paymentService.js";
import { DOWN, INTENT, ORDER, PAYMENT, cut, failed, hang, hasty, json, serverOf } from "./helpers.mjs";

const { ErrorCode } = service;

// Limits are long enough for a busy machine to deliver what has to come within them.

test("a call that takes too long is a timeout, and is tried again", async (context) => {
  const server = await serverOf(context, hang, INTENT);
  const { config } = hasty(server.url, { attemptTimeoutMilliseconds: 1_000 });
  assert.equal((await service.getPaymentIntentStatus(PAYMENT, { config })).id, PAYMENT);
  assert.equal(server.requests.length, 2);
});

test("a timeout in the end is an error with its code", async (context) => {
  const server = await serverOf(context, hang);
  const { config } = hasty(server.url, { attemptTimeoutMilliseconds: 500, maxRetries: 1 });
  const failure = await failed(service.createPaymentIntent(ORDER, { config, idempotencyKey: "mine" }));

  assert.equal(failure.code, ErrorCode.TIMEOUT);
  assert.deepEqual([failure.status, failure.retryable, failure.idempotencyKey], [null, true, "mine"]);
  assert.equal(server.requests.length, 2);
});

test("the last try gets what is left of the time", async (context) => {
  const server = await serverOf(context, hang);
  const { config } = hasty(server.url, { totalTimeoutMilliseconds: 500 });
  const began = performance.now();
  assert.equal((await failed(service.testBackendConnection({ config }))).code, ErrorCode.TIMEOUT);
  assert.ok(performance.now() - began < 5_000);
  assert.equal(server.requests.length, 1);
});

test("a call that is over leaves no timer behind", async (context) => {
  const server = await serverOf(context, INTENT);
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  await service.getPaymentIntentStatus(PAYMENT, { config: hasty(server.url).config });
  const after = timers();
  for (let calls = 0; calls < 20; calls += 1) {
    await service.getPaymentIntentStatus(PAYMENT, { config: hasty(server.url).config });
  }
  assert.ok(timers() < after + 20);
});

test("an answer whose body stops coming is a timeout too", async (context) => {
  const stuck = (response) => response.writeHead(200, { "Content-Type": "application/json" }).write("{");
  const server = await serverOf(context, stuck);
  const { config } = hasty(server.url, { attemptTimeoutMilliseconds: 50, maxRetries: 0 });
  assert.equal((await failed(service.testBackendConnection({ config }))).code, ErrorCode.TIMEOUT);
});

test("all tries together take no longer than allowed", async (context) => {
  let milliseconds = 0;
  const slow = (response) => {
    milliseconds += 20_000;
    cut(response);
  };
  const server = await serverOf(context, slow);
  const { config } = hasty(server.url, { now: () => milliseconds, maxRetries: 10 });
  await failed(service.testBackendConnection({ config }));
  assert.equal(server.requests.length, 3);
});

test("an abort ends a call at once, and nothing is tried again", async (context) => {
  const caller = new AbortController();
  const server = await serverOf(context, () => caller.abort(), INTENT);
  const { config, pauses } = hasty(server.url);
  const failure = await failed(service.createPaymentIntent(ORDER, { config, signal: caller.signal }));

  assert.deepEqual([failure.code, failure.retryable], [ErrorCode.ABORTED, false]);
  assert.equal(server.requests.length, 1);
  assert.deepEqual(pauses, []);
  assert.equal(getEventListeners(caller.signal, "abort").length, 0);
});

test("an abort hangs up: the backend sees the line close", async (context) => {
  const caller = new AbortController();
  let closed;
  const server = await serverOf(context, (response) => {
    closed = once(response, "close");
    caller.abort();
  });
  await failed(service.testBackendConnection({ config: hasty(server.url).config, signal: caller.signal }));
  await closed;
});

test("an abort ends a pause at once", async (context) => {
  const caller = new AbortController();
  const server = await serverOf(context, (response) => {
    json(503, DOWN, { "Retry-After": "7" })(response);
    response.on("finish", () => setImmediate(() => caller.abort()));
  });
  // The real pause: if the abort did not end it, this would take seven seconds.
  const { config } = hasty(server.url, { sleep: service.getConfig().sleep });
  const began = performance.now();
  const failure = await failed(service.testBackendConnection({ config, signal: caller.signal }));

  assert.equal(failure.code, ErrorCode.ABORTED);
  assert.equal(server.requests.length, 1);
  assert.ok(performance.now() - began < 5_000);
});

test("a call that is aborted before it begins sends nothing", async (context) => {
  const server = await serverOf(context, INTENT);
  const failure = await failed(
    service.testBackendConnection({ config: hasty(server.url).config, signal: AbortSignal.abort() }),
  );
  assert.equal(failure.code, ErrorCode.ABORTED);
  assert.equal(server.requests.length, 0);
});
