// @ts-check
/**
 * One call of the backend: its tries, their time limits, and what a failure means.
 *
 * A call is tried again only if that cannot do anything twice, which each call says of itself, and only after a
 * failure that may pass by itself. The pauses grow and are random, so that a thousand phones that lost the same
 * backend do not come back in the same moment.
 *
 * @module paymentRequest
 */

import { ErrorCode, PaymentError } from "./paymentError.js";
import { getConfig } from "./stripeConfig.js";

/**
 * @typedef {import("./paymentError.js").PaymentErrorFacts} PaymentErrorFacts
 * @typedef {import("./stripeConfig.js").Config} Config
 * @typedef {import("./paymentRequest.js").Call} Call
 * @typedef {import("./paymentRequest.js").KeyedCallOptions} KeyedCallOptions
 * @typedef {{ call: Call, config: Config, signal: AbortSignal | undefined, key: string | null, requestId: string }} Request
 */

// A proxy's words for "not now"; 500 is among them because every call that is tried again may be.
const PASSING = new Set([408, 429, 500, 502, 503, 504]);
const OPTIONS = ["config", "signal"];
const KEYED_OPTIONS = [...OPTIONS, "idempotencyKey"];
// What the backend takes as an Idempotency-Key: without a comma, and of 22 characters at least where nobody is signed in.
const KEY = /^[\x21-\x2b\x2d-\x7e]{1,255}$/;

const MESSAGES = {
  network: "The payment service could not be reached. Please check your connection and try again.",
  timeout: "The payment service is taking too long to answer. Please try again.",
  aborted: "The request was cancelled.",
  signIn: "You could not be signed in. Please sign in again.",
  unexpected: "The payment service gave an answer that could not be understood. Please try again later.",
  passing: "Payments are not available at the moment. Please try again shortly.",
};

/**
 * Makes a call and answers with the JSON object that came back.
 *
 * @param {Call} call
 * @param {KeyedCallOptions} [options]
 * @returns {Promise<any>}
 * @throws {PaymentError} whatever goes wrong with the call
 * @throws {TypeError} for options that do not exist, before anything is sent
 */
export async function send(call, options = {}) {
  const request = requestOf(call, options);
  const { config, signal } = request;
  const deadline = config.now() + config.totalTimeoutMilliseconds;
  for (let retries = 0; ; retries += 1) {
    try {
      return await attempt(request, Math.min(config.attemptTimeoutMilliseconds, deadline - config.now()));
    } catch (error) {
      const pause = pauseBefore(retries, /** @type {PaymentError} */ (error), config);
      if (pause === null || config.now() + pause >= deadline) throw error;
      await config.sleep(pause, signal);
    }
  }
}

/**
 * @param {Call} call
 * @param {KeyedCallOptions} options
 * @returns {Request}
 */
function requestOf(call, options) {
  checkOptions(options, call.keyed ? KEYED_OPTIONS : OPTIONS);
  const { config = getConfig(), signal, idempotencyKey } = options;
  const key = call.keyed ? (idempotencyKey === undefined ? config.createKey() : idempotencyKey) : null;
  if (key !== null && !KEY.test(key)) throw new TypeError("idempotencyKey must be 1 to 255 visible ASCII characters without a comma");
  return { call, config, signal, key, requestId: createRequestId(config) };
}

/**
 * An option that is misspelt would be one that silently does nothing; a refund's key must not.
 *
 * @param {unknown} options
 * @param {string[]} known
 */
function checkOptions(options, known) {
  if (!isObject(options)) throw new TypeError("the options of a call must be an object");
  for (const name of Object.keys(/** @type {object} */ (options))) {
    if (!known.includes(name)) throw new TypeError(`${name} is not an option of this call`);
  }
}

/**
 * An id of our own, so that a call whose answer was lost can still be found in the backend's log.
 *
 * @param {Config} config
 */
function createRequestId(config) {
  return `app-${config.createKey()}`.replace(/[^A-Za-z0-9._:-]/g, "").slice(0, 128);
}

/**
 * How long to pause before another try, in milliseconds; null when there must be none.
 *
 * @param {number} retries how many there have been
 * @param {PaymentError} error
 * @param {Config} config
 */
function pauseBefore(retries, error, config) {
  if (!error.retryable || retries >= config.maxRetries) return null;
  const asked = (error.retryAfterSeconds ?? 0) * 1000;
  if (asked > config.maxDelayMilliseconds) return null;
  const chance = config.random() * config.baseDelayMilliseconds * 2 ** retries;
  return Math.min(asked + chance, config.maxDelayMilliseconds);
}

/**
 * One try.
 *
 * @param {Request} request
 * @param {number} milliseconds
 */
function attempt(request, milliseconds) {
  return new Promise((resolve, reject) => {
    const controller = new AbortController();
    /** @param {PaymentError} error */
    const stop = (error) => {
      reject(error);
      controller.abort();
    };
    const cancel = () => stop(failure(request, MESSAGES.aborted, { code: ErrorCode.ABORTED }));
    if (request.signal?.aborted) return cancel();
    const timer = setTimeout(() => stop(passing(request, MESSAGES.timeout, { code: ErrorCode.TIMEOUT })), milliseconds);
    request.signal?.addEventListener("abort", cancel);
    exchange(request, controller.signal)
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer);
        request.signal?.removeEventListener("abort", cancel);
      });
  });
}

/**
 * @param {Request} request
 * @param {AbortSignal} signal
 */
async function exchange(request, signal) {
  const { call, config } = request;
  const body = call.body === undefined ? {} : { body: JSON.stringify(call.body) };
  const headers = await headersOf(request);
  let response, text;
  try {
    response = await config.fetch(config.backendUrl + call.path, {
      method: call.method,
      headers,
      credentials: config.credentials,
      signal,
      ...body,
    });
    text = await response.text();
  } catch (cause) {
    throw passing(request, MESSAGES.network, { code: ErrorCode.NETWORK, cause });
  }
  return understood(request, response, objectOf(text));
}

/**
 * @param {Request} request
 * @returns {Promise<Record<string, string>>}
 */
async function headersOf(request) {
  const token = await tokenOf(request);
  return {
    Accept: "application/json",
    "X-Request-Id": request.requestId,
    ...(request.call.body === undefined ? {} : { "Content-Type": "application/json" }),
    ...(request.key === null ? {} : { "Idempotency-Key": request.key }),
    ...(token ? { Authorization: `Bearer ${token}` } : {}),
  };
}

/** @param {Request} request */
async function tokenOf(request) {
  try {
    return await request.config.getAuthToken?.();
  } catch (cause) {
    throw failure(request, MESSAGES.signIn, { code: ErrorCode.UNAUTHORIZED, cause });
  }
}

/**
 * The JSON object in a text; null when there is none: a proxy's page, or half an answer.
 *
 * @param {string} text
 * @returns {Record<string, any> | null}
 */
function objectOf(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/**
 * @param {Request} request
 * @param {Response} response
 * @param {Record<string, any> | null} body
 */
function understood(request, response, body) {
  const { status } = response;
  const facts = { status, requestId: response.headers.get("X-Request-Id") ?? request.requestId };
  const part = request.call.part;
  if (response.ok) {
    if (body && (part === undefined || isObject(body[part]))) return body;
    throw failure(request, MESSAGES.unexpected, { ...facts, code: ErrorCode.UNEXPECTED });
  }
  const retryAfterSeconds = secondsOf(response.headers.get("Retry-After"), request.config.now());
  const passes = mayPass(status, body, retryAfterSeconds);
  const message = body?.message ?? body?.error ?? (passes ? MESSAGES.passing : MESSAGES.unexpected);
  throw (passes ? passing : failure)(request, String(message), {
    ...facts,
    retryAfterSeconds,
    code: typeof body?.error === "string" ? body.error : ErrorCode.UNEXPECTED,
    details: textOf(body?.details),
    paymentStatus: textOf(body?.status),
  });
}

/**
 * Whether a failure may be over when the same is sent again.
 *
 * A 502 in the backend's own words means that Stripe refuses its key, which stays; one of a proxy's means that
 * the backend is being restarted. A 409 contradicts what is, unless it says when to come back: then the same
 * request is still being worked on.
 *
 * @param {number} status
 * @param {Record<string, any> | null} body
 * @param {number | null} retryAfterSeconds
 */
function mayPass(status, body, retryAfterSeconds) {
  if (status === 409) return retryAfterSeconds !== null;
  return PASSING.has(status) && body?.error !== ErrorCode.PROVIDER_ERROR;
}

/**
 * A `Retry-After`, which is seconds or a date, in whole seconds from now.
 *
 * @param {string | null} header
 * @param {number} now unix milliseconds
 */
function secondsOf(header, now) {
  if (header === null) return null;
  const seconds = /^\d+$/.test(header) ? Number(header) : Math.ceil((Date.parse(header) - now) / 1000);
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}

/**
 * A failure that may pass, if the call may be sent again: without its key a purchase or refund may not.
 *
 * @param {Request} request
 * @param {string} message
 * @param {PaymentErrorFacts} facts
 */
function passing(request, message, facts) {
  const repeatable = !request.call.keyed || request.key !== null;
  return failure(request, message, { ...facts, retryable: repeatable });
}

/**
 * @param {Request} request
 * @param {string} message
 * @param {PaymentErrorFacts} facts
 */
function failure(request, message, facts) {
  return new PaymentError(message, { requestId: request.requestId, idempotencyKey: request.key, ...facts });
}

/** @param {unknown} value */
function isObject(value) {
  return typeof value === "object" && value !== null;
}

/** @param {unknown} value */
function textOf(value) {
  return typeof value === "string" ? value : null;
}
