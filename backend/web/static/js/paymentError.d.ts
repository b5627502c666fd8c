/** Every `code`, for a switch statement. */
export declare const ErrorCode: {
  readonly VALIDATION: "Validation error";
  readonly NOT_PAID: "Payment not successful";
  readonly COACH_NOT_READY: "Coach not ready for payments";
  readonly DECLINED: "Payment failed";
  readonly UNAUTHORIZED: "Unauthorized";
  readonly FORBIDDEN: "Forbidden";
  readonly NOT_FOUND: "Not found";
  readonly METHOD_NOT_ALLOWED: "Method not allowed";
  readonly CONFLICT: "Conflict";
  readonly TOO_LARGE: "Payload too large";
  readonly TOO_MANY_REQUESTS: "Too many requests";
  readonly PROVIDER_ERROR: "Payment provider error";
  readonly PROVIDER_UNAVAILABLE: "Payment provider unavailable";
  readonly INTERNAL: "Internal server error";
  readonly NETWORK: "Network error";
  readonly TIMEOUT: "Request timeout";
  readonly ABORTED: "Request aborted";
  readonly UNEXPECTED: "Unexpected response";
};

/** One of the known codes; a proxy in front of the backend may have words of its own. */
export type PaymentErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode] | (string & {});

/** What is known about a failure. What is left out is `null` on the error. */
export interface PaymentErrorFacts {
  code: PaymentErrorCode;
  status?: number | null;
  paymentStatus?: string | null;
  details?: string | null;
  requestId?: string | null;
  idempotencyKey?: string | null;
  retryAfterSeconds?: number | null;
  retryable?: boolean;
  cause?: unknown;
}

/** A call that failed. `message` is one sentence for the player or coach; the rest is for the program. */
export declare class PaymentError extends Error {
  constructor(message: string, facts: PaymentErrorFacts);
  /** The backend's stable `error`, or what was found out here: see `ErrorCode`. */
  readonly code: PaymentErrorCode;
  /** The HTTP status; `null` when there was no answer. */
  readonly status: number | null;
  /** What the backend says of the payment itself, such as `"processing"` or `"refunded"`. */
  readonly paymentStatus: string | null;
  /** The field that is wrong and why, for validation errors. For developers, in English. */
  readonly details: string | null;
  /** What to quote to support: the backend's log has it. Known even when no answer came. */
  readonly requestId: string | null;
  /** The key that was sent. Pass it again when the same purchase or refund is tried again. */
  readonly idempotencyKey: string | null;
  /** Whole seconds to wait, when the backend said so. */
  readonly retryAfterSeconds: number | null;
  /** Whether the same call, with the same `idempotencyKey`, is safe and may succeed later. */
  readonly retryable: boolean;
  /** What was thrown underneath, if anything. */
  readonly cause: unknown;
}
