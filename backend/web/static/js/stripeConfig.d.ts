/** How the payment service works. Amounts are whole numbers of the currency's smallest unit everywhere. */
export interface Config {
  /** Where the backend is, without a path of ours; `""` for the page's own origin. Default `http://localhost:3001`. */
  readonly backendUrl: string;
  /** Stripe's publishable key, for the host to give to Stripe.js or the PaymentSheet. A secret key is refused. */
  readonly publishableKey: string | null;
  /** Asked before every try; what it answers is sent as `Authorization: Bearer …`, nothing when there is none. */
  readonly getAuthToken: (() => AuthToken | Promise<AuthToken>) | null;
  /** Whether cookies go along: `fetch`'s own option. Default `"same-origin"`. */
  readonly credentials: "omit" | "same-origin" | "include";
  /** The currency in which `formatAmount` reads amounts. Default `"cad"`. */
  readonly currency: string;
  /** The language in which `formatAmount` writes, such as `"fr-CA"`; the device's own when undefined. */
  readonly locale: string | undefined;
  /** How long one try may take. Default 25 seconds, a little more than the backend allows itself. */
  readonly attemptTimeoutMilliseconds: number;
  /** How long a call may take with all its tries and pauses. Default 60 seconds. */
  readonly totalTimeoutMilliseconds: number;
  /** How often a call is tried again, where that is safe. Default 2; 0 is never. */
  readonly maxRetries: number;
  /** The pause before the n-th retry is random, up to this doubled n - 1 times. Default 500. */
  readonly baseDelayMilliseconds: number;
  /** No pause is longer; a `Retry-After` beyond it ends the call with the error. Default 8 seconds. */
  readonly maxDelayMilliseconds: number;
  /** Makes an `Idempotency-Key`. Default: `createKey` of this module. */
  readonly createKey: () => string;
  /** Default: the platform's own, looked up at each call. */
  readonly fetch: (input: string, init: RequestInit) => Promise<Response>;
  /** Waits; it may end early when the signal aborts. For tests. */
  readonly sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  /** From 0 up to 1. For tests. */
  readonly random: () => number;
  /** Unix milliseconds. For tests. */
  readonly now: () => number;
}

export type AuthToken = string | null | undefined;

/** The options to change; the others stay. */
export type ConfigChanges = Partial<Config>;

export interface FormatChoices {
  /** Default: the shared configuration's. */
  currency?: string;
  /** Default: the shared configuration's. */
  locale?: string;
}

/** Changes the shared configuration. Throws a `TypeError` that names the option that is unknown or wrong. */
export declare function configure(changes: ConfigChanges): Config;

/** The shared configuration. */
export declare function getConfig(): Config;

/** A configuration of its own, on the defaults or on `base`. Throws a `TypeError` as `configure` does. */
export declare function createConfig(changes?: ConfigChanges, base?: Config): Config;

/** A new `Idempotency-Key`: make one per purchase or refund, and pass it to every try of it. */
export declare function createKey(): string;

/** How many decimals an amount of this currency has at Stripe. */
export declare function decimalsOf(currency: string): 0 | 2 | 3;

/** An amount for people: `formatAmount(4725)` is `$47.25`. Throws a `TypeError` unless it is a whole number. */
export declare function formatAmount(amountMinor: number, choices?: FormatChoices): string;
