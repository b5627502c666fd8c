// What is tried again and what is not, and what an error says: against real servers that fail.

import assert from "node:assert/strict";
import { test } from "node:test";

import * as service from "../../backend/web/static/js/paymentService.js";
import { DOWN, INTENT, ORDER, PAYMENT, REFUND, cut, failed, half, hasty, html, json, serverOf } from "./helpers.mjs";

const { ErrorCode } = service;

for (const [name, answer] of [
  ["the line is cut", cut],
  ["half of the answer comes", half],
  ["a proxy says 502", html(502)],
  ["a proxy says 504", html(504)],
  ["the backend says 500", json(500, { error: "Internal server error", message: "Please try again." })],
  ["the backend says 503", json(503, DOWN)],
  ["the rate limit is reached", json(429, { error: "Too many requests", message: "Wait." })],
  ["the same is in flight", json(409, { error: "Conflict", message: "Wait." }, { "Retry-After": "1" })],
]) {
  test(`a purchase is tried again, with the same key, when ${name}`, async (context) => {
    const server = await serverOf(context, answer, answer, INTENT);
    const { config, pauses } = hasty(server.url);
    assert.equal((await service.createPaymentIntent(ORDER, { config })).id, PAYMENT);

    const keys = server.requests.map((request) => request.headers["idempotency-key"]);
    assert.equal(keys.length, 3);
    assert.equal(new Set(keys).size, 1);
    assert.match(keys[0], /^[\x21-\x7e]{20,}$/);
    assert.equal(new Set(server.requests.map((request) => request.body)).size, 1);
    assert.equal(pauses.length, 2);
  });
}

for (const [status, error] of [
  [400, "Validation error"],
  [400, "Payment not successful"],
  [401, "Unauthorized"],
  [402, "Payment failed"],
  [403, "Forbidden"],
  [404, "Not found"],
  [405, "Method not allowed"],
  [409, "Conflict"],
  [413, "Payload too large"],
  [502, "Payment provider error"],
]) {
  test(`${status} ${error} is final`, async (context) => {
    const server = await serverOf(context, json(status, { error, message: "A sentence." }));
    const failure = await failed(service.createPaymentIntent(ORDER, { config: hasty(server.url).config }));

    assert.equal(server.requests.length, 1);
    assert.equal(failure.code, error);
    assert.equal(failure.status, status);
    assert.equal(failure.message, "A sentence.");
    assert.equal(failure.retryable, false);
    assert.equal(failure.requestId, server.requests[0].headers["x-request-id"]);
    assert.ok(Object.values(ErrorCode).includes(error));
  });
}

test("an error keeps everything that the backend said", async (context) => {
  const body = { error: "Conflict", message: "Refunded.", details: "amount: too much", status: "refunded" };
  const server = await serverOf(context, json(409, body, { "X-Request-Id": "abc" }));
  const failure = await failed(service.createRefund(PAYMENT, {}, { idempotencyKey: "k", config: hasty(server.url).config }));

  const { code, status, message, details, paymentStatus, requestId, idempotencyKey, retryAfterSeconds } = failure;
  assert.deepEqual(
    { code, status, message, details, paymentStatus, requestId, idempotencyKey, retryAfterSeconds },
    {
      code: "Conflict",
      status: 409,
      message: "Refunded.",
      details: "amount: too much",
      paymentStatus: "refunded",
      requestId: "abc",
      idempotencyKey: "k",
      retryAfterSeconds: null,
    },
  );
});

test("a page instead of an answer is an error that people can read", async (context) => {
  const server = await serverOf(context, html(200));
  const failure = await failed(service.getPaymentIntentStatus(PAYMENT, { config: hasty(server.url).config }));

  assert.equal(failure.code, ErrorCode.UNEXPECTED);
  assert.equal(failure.status, 200);
  assert.doesNotMatch(failure.message, /[<{]/);
});

test("an answer without its part is no answer", async (context) => {
  const server = await serverOf(context, json(200, { success: true }));
  const failure = await failed(service.getPaymentIntentStatus(PAYMENT, { config: hasty(server.url).config }));
  assert.equal(failure.code, ErrorCode.UNEXPECTED);
});

test("nobody there: the message is for people, and there is an id to ask for", async (context) => {
  const { config } = hasty("http://127.0.0.1:1");
  const failure = await failed(service.testBackendConnection({ config }));

  assert.equal(failure.code, ErrorCode.NETWORK);
  assert.equal(failure.status, null);
  assert.equal(failure.retryable, true);
  assert.match(failure.message, /check your connection/);
  assert.match(failure.requestId, /^app-[A-Za-z0-9-]+$/);
  assert.ok(failure.cause instanceof TypeError);
});

test("pauses double, are as long as chance says, and never longer than the limit", async (context) => {
  const server = await serverOf(context, cut);
  const { config, pauses } = hasty(server.url, { maxRetries: 6, baseDelayMilliseconds: 400, maxDelayMilliseconds: 3000 });
  await failed(service.testBackendConnection({ config }));

  assert.deepEqual(pauses, [200, 400, 800, 1600, 3000, 3000]);
  assert.equal(server.requests.length, 7);
});

for (const [header, pause] of [
  ["2", 2250],
  ["0", 250],
  ["Thu, 01 Jan 1970 01:00:03 GMT", 3250],
  ["Thu, 01 Jan 1970 00:00:00 GMT", 250],
  ["soon", 250],
]) {
  test(`Retry-After: ${header} is waited for`, async (context) => {
    const server = await serverOf(context, json(503, DOWN, { "Retry-After": header }), INTENT);
    const { config, pauses } = hasty(server.url, { now: () => 3_600_000 });
    await service.getPaymentIntentStatus(PAYMENT, { config });
    assert.deepEqual(pauses, [pause]);
  });
}

test("who is told to come back in minutes is told so, and not kept waiting", async (context) => {
  const body = { error: "Too many requests", message: "Please wait a little." };
  const server = await serverOf(context, json(429, body, { "Retry-After": "600" }));
  const { config, pauses } = hasty(server.url);
  const failure = await failed(service.testBackendConnection({ config }));

  assert.deepEqual([failure.retryAfterSeconds, failure.retryable], [600, true]);
  assert.equal(server.requests.length, 1);
  assert.deepEqual(pauses, []);
});

test("a refund without a key is never sent twice", async (context) => {
  const server = await serverOf(context, cut, REFUND);
  const options = { idempotencyKey: null, config: hasty(server.url).config };
  const failure = await failed(service.createRefund(PAYMENT, { amount: 100 }, options));

  assert.equal(server.requests.length, 1);
  assert.equal(server.requests[0].headers["idempotency-key"], undefined);
  assert.equal(failure.retryable, false);
});

test("each purchase has a key of its own, unless the caller names it", async (context) => {
  const server = await serverOf(context, INTENT);
  const { config } = hasty(server.url);
  await service.createPaymentIntent(ORDER, { config });
  await service.createPaymentIntent(ORDER, { config });
  await service.createPaymentIntent(ORDER, { config, idempotencyKey: "mine" });

  const keys = server.requests.map((request) => request.headers["idempotency-key"]);
  assert.equal(new Set(keys).size, 3);
  assert.equal(keys[2], "mine");
});

for (const [name, getAuthToken, sent] of [
  ["at once", () => "token-1", "Bearer token-1"],
  ["later", async () => "token-2", "Bearer token-2"],
  ["signed out", async () => null, undefined],
]) {
  test(`the auth token goes along: ${name}`, async (context) => {
    const server = await serverOf(context, INTENT);
    const { config } = hasty(server.url, { getAuthToken });
    await service.getPaymentIntentStatus(PAYMENT, { config });
    assert.equal(server.requests[0].headers.authorization, sent);
  });
}

test("each try asks for a token anew", async (context) => {
  const tokens = ["old", "new"];
  const server = await serverOf(context, cut, INTENT);
  const { config } = hasty(server.url, { getAuthToken: () => tokens.shift() });
  await service.getPaymentIntentStatus(PAYMENT, { config });
  assert.deepEqual(server.requests.map((request) => request.headers.authorization), ["Bearer old", "Bearer new"]);
});

test("who cannot be signed in is told so, and nothing is sent", async (context) => {
  const server = await serverOf(context, INTENT);
  const getAuthToken = async () => Promise.reject(new Error("the refresh token is gone"));
  const failure = await failed(service.testBackendConnection({ config: hasty(server.url, { getAuthToken }).config }));

  assert.equal(failure.code, ErrorCode.UNAUTHORIZED);
  assert.equal(failure.cause.message, "the refresh token is gone");
  assert.equal(server.requests.length, 0);
});

test("a token that never comes is a timeout", async (context) => {
  const server = await serverOf(context, INTENT);
  const changes = { getAuthToken: () => new Promise(() => {}), attemptTimeoutMilliseconds: 20, maxRetries: 0 };
  const failure = await failed(service.testBackendConnection({ config: hasty(server.url, changes).config }));
  assert.equal(failure.code, ErrorCode.TIMEOUT);
});

test("a request says what it wants, and takes cookies along only as configured", async () => {
  const sent = [];
  const fetch = async (url, init) => {
    sent.push({ url, ...init });
    return new Response('{"message": "here"}');
  };
  const config = service.createConfig({ backendUrl: "", credentials: "include", fetch });
  await service.testBackendConnection({ config });

  const [{ url, method, headers, credentials, body }] = sent;
  assert.deepEqual([url, method, credentials, body], ["/test", "GET", "include", undefined]);
  assert.deepEqual(Object.keys(headers), ["Accept", "X-Request-Id"]);
});

for (const [name, call] of [
  ["a misspelt option", (config) => service.createRefund(PAYMENT, {}, { config, idempotencykey: "k" })],
  ["a key where none is taken", (config) => service.createLoginLink("acct_1", { config, idempotencyKey: "k" })],
  ["a key that no header holds", (config) => service.createRefund(PAYMENT, {}, { config, idempotencyKey: "é\n" })],
  ["an empty key", (config) => service.createRefund(PAYMENT, {}, { config, idempotencyKey: "" })],
  ["an amount where options belong", () => service.createRefund(PAYMENT, "duplicate", 500)],
  ["no id", (config) => service.getPaymentIntentStatus(undefined, { config })],
  ["an empty id", (config) => service.getConnectAccount("", { config })],
]) {
  test(`wrong code is a TypeError, and nothing is sent: ${name}`, async (context) => {
    const server = await serverOf(context, REFUND);
    await assert.rejects(call(hasty(server.url).config), TypeError);
    assert.equal(server.requests.length, 0);
  });
}

test("an id is one part of a path, whatever stands in it", async (context) => {
  const server = await serverOf(context, json(404, { error: "Not found", message: "There is none." }));
  await failed(service.getConnectAccount("../payments?a=b", { config: hasty(server.url).config }));
  assert.equal(server.requests[0].url, "/api/connect/account/..%2Fpayments%3Fa%3Db");
});
