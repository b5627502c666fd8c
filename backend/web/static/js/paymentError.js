// @ts-check
/**
 * The one error that the payment service throws, and the codes it may carry.
 *
 * @module paymentError
 */

/** @typedef {import("./paymentError.js").PaymentErrorFacts} PaymentErrorFacts */

/** Every `code`, for a switch statement. */
export const ErrorCode = Object.freeze({
  // The backend's own words, the `error` of its answer.
  VALIDATION: "Validation error",
  NOT_PAID: "Payment not successful",
  COACH_NOT_READY: "Coach not ready for payments",
  DECLINED: "Payment failed",
  UNAUTHORIZED: "Unauthorized",
  FORBIDDEN: "Forbidden",
  NOT_FOUND: "Not found",
  METHOD_NOT_ALLOWED: "Method not allowed",
  CONFLICT: "Conflict",
  TOO_LARGE: "Payload too large",
  TOO_MANY_REQUESTS: "Too many requests",
  PROVIDER_ERROR: "Payment provider error",
  PROVIDER_UNAVAILABLE: "Payment provider unavailable",
  INTERNAL: "Internal server error",
  // What is found out here: the backend did not answer, or something else did.
  NETWORK: "Network error",
  TIMEOUT: "Request timeout",
  ABORTED: "Request aborted",
  UNEXPECTED: "Unexpected response",
});

/** A call that failed. `message` is one sentence for the player or coach; the rest is for the program. */
export class PaymentError extends Error {
  /**
   * @param {string} message one sentence that can be shown as it is
   * @param {PaymentErrorFacts} facts
   */
  constructor(message, facts) {
    super(message);
    this.name = "PaymentError";
    this.code = facts.code;
    this.status = facts.status ?? null;
    this.paymentStatus = facts.paymentStatus ?? null;
    this.details = facts.details ?? null;
    this.requestId = facts.requestId ?? null;
    this.idempotencyKey = facts.idempotencyKey ?? null;
    this.retryAfterSeconds = facts.retryAfterSeconds ?? null;
    this.retryable = facts.retryable ?? false;
    // Set by hand: not every JavaScript engine on a phone knows the second argument of Error.
    this.cause = facts.cause;
  }
}
