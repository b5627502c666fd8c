// @ts-check
/**
 * The payment service's configuration, and amounts for people.
 *
 * Nothing here reads an environment, a bundler or a page: the host passes what it knows to `configure`, once,
 * before the first call. It runs wherever there is `fetch` and `AbortController`: browsers, React Native, Node.
 *
 * @module stripeConfig
 */

/**
 * @typedef {import("./stripeConfig.js").Config} Config
 * @typedef {import("./stripeConfig.js").ConfigChanges} ConfigChanges
 * @typedef {import("./stripeConfig.js").FormatChoices} FormatChoices
 */

/** @type {Config} */
const DEFAULTS = {
  backendUrl: "http://localhost:3001",
  publishableKey: null,
  getAuthToken: null,
  credentials: "same-origin",
  currency: "cad",
  locale: undefined,
  // The backend gives up on Stripe after 20 seconds and then answers: waiting less would lose that answer.
  attemptTimeoutMilliseconds: 25_000,
  // All tries and pauses together. Nobody looks at a spinner longer.
  totalTimeoutMilliseconds: 60_000,
  maxRetries: 2,
  baseDelayMilliseconds: 500,
  // Who is told to wait longer than this (a rate limit may say minutes) hears of it instead of waiting.
  maxDelayMilliseconds: 8_000,
  createKey,
  // Looked up when it is called, so that a polyfill may come later.
  fetch: (input, init) => globalThis.fetch(input, init),
  sleep,
  random: Math.random,
  now: Date.now,
};

/** @type {Config} */
let current = Object.freeze(DEFAULTS);

/**
 * Changes the shared configuration, which every call uses that is given none of its own.
 *
 * @param {ConfigChanges} changes
 * @returns {Config} the configuration from now on
 * @throws {TypeError} naming the option that is unknown or wrong; nothing is changed then
 */
export function configure(changes) {
  current = createConfig(changes, current);
  return current;
}

/**
 * The shared configuration.
 *
 * @returns {Config}
 */
export function getConfig() {
  return current;
}

/**
 * A configuration of its own, for a program that talks to two backends, or for a test.
 *
 * @param {ConfigChanges} [changes]
 * @param {Config} [base] what holds where nothing is changed; the defaults when left out
 * @returns {Config} frozen
 * @throws {TypeError} naming the option that is unknown or wrong
 */
export function createConfig(changes = {}, base = DEFAULTS) {
  const config = { ...base, ...changes };
  for (const [name, value] of Object.entries(config)) {
    const check = CHECKS.get(name);
    if (!check) throw new TypeError(`${name} is not an option of the payment service`);
    const [fits, wanted] = check;
    if (!fits(value)) throw new TypeError(`${name} must be ${wanted}`);
  }
  config.backendUrl = config.backendUrl.replace(/\/+$/, "");
  return Object.freeze(config);
}

/** @param {unknown} value */
const isFunction = (value) => typeof value === "function";
/** @param {unknown} value */
const isMilliseconds = (value) => typeof value === "number" && value > 0 && Number.isFinite(value);

/** @type {Map<string, [(value: any) => boolean, string]>} */
const CHECKS = new Map(
  Object.entries({
    backendUrl: [
      (value) => value === "" || /^https?:\/\/[^\s?#]+$/i.test(value),
      'an http or https address such as https://pay.example.com, or "" for the page\'s own origin',
    ],
    // A secret key in a front end is everybody's key: refuse it before it is shipped.
    publishableKey: [(value) => value === null || /^pk_/.test(value), "a publishable key (pk_…), never a secret one"],
    getAuthToken: [(value) => value === null || isFunction(value), "a function, or null"],
    credentials: [(value) => ["omit", "same-origin", "include"].includes(value), "omit, same-origin or include"],
    currency: [(value) => /^[a-z]{3}$/i.test(value), "a currency code such as cad"],
    locale: [(value) => value === undefined || typeof value === "string", "a language tag such as fr-CA"],
    attemptTimeoutMilliseconds: [isMilliseconds, "a number of milliseconds"],
    totalTimeoutMilliseconds: [isMilliseconds, "a number of milliseconds"],
    maxRetries: [(value) => Number.isInteger(value) && value >= 0 && value <= 10, "a whole number from 0 to 10"],
    baseDelayMilliseconds: [isMilliseconds, "a number of milliseconds"],
    maxDelayMilliseconds: [isMilliseconds, "a number of milliseconds"],
    createKey: [isFunction, "a function"],
    fetch: [isFunction, "a function"],
    sleep: [isFunction, "a function"],
    random: [isFunction, "a function"],
    now: [isFunction, "a function"],
  }),
);

let keysMade = 0;

/**
 * A new `Idempotency-Key`: make one per purchase or refund, and pass it to every try of it.
 *
 * It has to be unique, and where nobody is signed in nobody may guess it: whoever sends a purchase's key and order is
 * shown the purchase. It has 128 random bits (a UUID has 122). React Native may have no `crypto` at all: then it is made
 * of the time, a counter and 104 random bits of `Math.random`, which is no source of secrets.
 * A host without `crypto` passes a `createKey` of its own to `configure`, or signs its users in.
 *
 * @returns {string}
 */
export function createKey() {
  const source = globalThis.crypto;
  if (source?.getRandomValues) {
    const bytes = Array.from(source.getRandomValues(new Uint8Array(16)));
    return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  keysMade += 1;
  const chance = () => Math.floor(Math.random() * 2 ** 52).toString(36);
  return [Date.now().toString(36), keysMade.toString(36), chance(), chance()].join("-");
}

// https://docs.stripe.com/currencies#zero-decimal and #three-decimal. Krónur and Ugandan shillings have no
// cents either, but Stripe counts them in hundredths all the same.
const ZERO_DECIMAL = new Set("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split(" "));
const THREE_DECIMAL = new Set("bhd iqd jod kwd lyd omr tnd".split(" "));

/**
 * How many decimals an amount of this currency has at Stripe: 2 for `cad`, 0 for `jpy`, 3 for `kwd`.
 *
 * @param {string} currency
 * @returns {0 | 2 | 3}
 */
export function decimalsOf(currency) {
  const code = currency.toLowerCase();
  if (ZERO_DECIMAL.has(code)) return 0;
  return THREE_DECIMAL.has(code) ? 3 : 2;
}

/**
 * An amount for people: `formatAmount(4725)` is `$47.25` for a Canadian reading English.
 *
 * @param {number} amountMinor a whole number of the currency's smallest unit, as everywhere in this service
 * @param {FormatChoices} [choices] `currency` and `locale`; the configuration's when left out
 * @returns {string}
 * @throws {TypeError} for an amount that is no whole number
 */
export function formatAmount(amountMinor, { currency = current.currency, locale = current.locale } = {}) {
  if (!Number.isSafeInteger(amountMinor)) {
    throw new TypeError("an amount is a whole number of the currency's smallest unit");
  }
  const decimals = decimalsOf(currency);
  const amount = amountMinor / 10 ** decimals;
  const code = currency.toUpperCase();
  // A JavaScript engine built without Intl still shows the right number.
  if (typeof Intl === "undefined") return `${amount.toFixed(decimals)} ${code}`;
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return new Intl.NumberFormat(locale, { style: "currency", currency: code, ...digits }).format(amount);
}

/**
 * Waits, but not past an abort.
 *
 * @param {number} milliseconds
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
function sleep(milliseconds, signal) {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, milliseconds);
    signal?.addEventListener("abort", wake);
  });
}
