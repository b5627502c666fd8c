import type { Config } from "./stripeConfig.js";

/** What the caller may add to any call. */
export interface CallOptions {
  /** Ends the call at once with a `PaymentError` of code `"Request aborted"`; it is not tried again. */
  signal?: AbortSignal;
  /** Instead of the shared configuration: made by `createConfig`. */
  config?: Config;
}

/** What the caller may add to a purchase or a refund. */
export interface KeyedCallOptions extends CallOptions {
  /**
   * Names the one purchase that this call is about. Default: a new one for each call.
   * Calls with the same key and the same values have one effect. `null` sends none, and then nothing is retried.
   * A UUID: where nobody is signed in, the backend refuses one of fewer than 22 characters.
   */
  idempotencyKey?: string | null;
}

/** One call of the backend. */
export interface Call {
  method: "GET" | "POST" | "PUT";
  /** From the backend's address on, encoded. */
  path: string;
  /** Sent as JSON. */
  body?: unknown;
  /** Whether only an `Idempotency-Key` keeps it from doing the same thing twice. */
  keyed?: boolean;
  /** The key of the answer without which it is none. */
  part?: string;
}

/** Makes a call and answers with the JSON object that came back. Rejects with a `PaymentError`, or a `TypeError` for wrong options. */
export declare function send(call: Call, options?: KeyedCallOptions): Promise<any>;
