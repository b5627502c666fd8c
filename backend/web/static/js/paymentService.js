// @ts-check
/**
 * Every call of the payments backend: one function a route.
 *
 * Each answers with the part that matters (the intent, the session, the account …) and rejects with a
 * `PaymentError`, whose `message` can be shown as it is (a `TypeError` means that the calling code is wrong, and
 * nothing was sent). The last argument is always the same: `signal`, `config` and, for purchases and refunds,
 * `idempotencyKey`. Amounts are whole numbers of the currency's smallest unit, as everywhere at Stripe.
 *
 * All of these may be tried again when an answer is lost: reading changes nothing, a purchase and a refund carry an
 * `Idempotency-Key`, and the rest has by its contract the same outcome however often it is asked for.
 *
 * @module paymentService
 */

import { accountPath, get, post, queryOf, segment } from "./paymentCalls.js";
import { send } from "./paymentRequest.js";

export {
  createOnboardingLink,
  getCoachOnboardingLink,
  getCoachStatus,
  getCoachTransfers,
  startOnboarding,
} from "./paymentCoaches.js";
export { ErrorCode, PaymentError } from "./paymentError.js";
export { configure, createConfig, createKey, decimalsOf, formatAmount, getConfig } from "./stripeConfig.js";

/**
 * @typedef {import("./paymentRequest.js").CallOptions} CallOptions
 * @typedef {import("./paymentRequest.js").KeyedCallOptions} KeyedCallOptions
 * @typedef {import("./paymentService.js").AccountChanges} AccountChanges
 * @typedef {import("./paymentService.js").Order} Order
 * @typedef {import("./paymentService.js").NewCoach} NewCoach
 * @typedef {import("./paymentService.js").PayoutsQuery} PayoutsQuery
 * @typedef {import("./paymentService.js").RefundDetails} RefundDetails
 * @typedef {import("./paymentService.js").RefundReason} RefundReason
 * @typedef {import("./paymentService.js").SessionData} SessionData
 * @typedef {import("./paymentService.js").TransferClaim} TransferClaim
 */

/**
 * Begins a purchase. Give the intent's `client_secret` to Stripe.js or the PaymentSheet.
 *
 * Beside Stripe's fields the intent has `packageInfo` (clips, days, price) and `feeBreakdown` (how the amount
 * divides).
 *
 * @param {Order} order
 * @param {KeyedCallOptions} [options] with an `idempotencyKey`, a double click or a reload makes no second intent
 * @returns {Promise<import("./paymentService.js").NewPaymentIntent>}
 * @throws {PaymentError} `Validation error` naming the field; `Conflict` when the key belongs to another purchase
 */
export async function createPaymentIntent(order, options) {
  return buy("/api/payments/create-intent", order, options);
}

/**
 * The same purchase, only from a coach who has an account already: what the screens of older apps call.
 *
 * @param {Order} order
 * @param {KeyedCallOptions} [options]
 * @returns {Promise<import("./paymentService.js").NewPaymentIntent>}
 * @throws {PaymentError} as `createPaymentIntent`; `Coach not ready for payments` for a coach without an account
 */
export async function createDestinationCharge(order, options) {
  return buy("/api/payments/create-destination-charge", order, options);
}

/**
 * @param {string} path
 * @param {Order} order
 * @param {KeyedCallOptions} [options]
 */
async function buy(path, order, options) {
  const { paymentIntent, packageInfo, feeBreakdown } = await send(
    post(path, order, "paymentIntent", { keyed: true }),
    options,
  );
  return { ...paymentIntent, packageInfo, feeBreakdown };
}

/**
 * What is for sale, at which prices.
 *
 * @param {CallOptions} [options]
 * @returns {Promise<import("./paymentService.js").PriceList>}
 */
export async function getPackages(options) {
  const { success, ...list } = await send(get("/api/payments/packages", "packages"), options);
  return list;
}

/**
 * The coaching session that a payment opened: the same one however often it is asked for.
 *
 * @param {string} paymentIntentId
 * @param {SessionData} sessionData what the player believes to have bought; it has to be what was paid for
 * @param {CallOptions} [options]
 * @returns {Promise<import("./paymentService.js").Session>}
 * @throws {PaymentError} `Payment not successful`, with the intent's status as `paymentStatus`: ask again once it is
 *   paid; `Conflict` when it was refunded or was for something else
 */
export async function confirmPaymentIntent(paymentIntentId, sessionData, options) {
  const body = { paymentIntentId, sessionData };
  return (await send(post("/api/payments/confirm", body, "session"), options)).session;
}

/**
 * A payment as it is now.
 *
 * @param {string} paymentIntentId
 * @param {CallOptions} [options]
 * @returns {Promise<import("./paymentService.js").PaymentIntentStatus>}
 * @throws {PaymentError} `Not found`
 */
export async function getPaymentIntentStatus(paymentIntentId, options) {
  const path = `/api/payments/intent/${segment(paymentIntentId, "paymentIntentId")}`;
  return (await send(get(path, "paymentIntent"), options)).paymentIntent;
}

/**
 * Gives a player money back: all that is left of the payment, or an amount.
 *
 * @param {string} paymentIntentId
 * @param {RefundDetails | RefundReason} [details] `reason` and `amount`; a string is the reason
 * @param {KeyedCallOptions} [options] with an `idempotencyKey`, a double click gives nothing back twice
 * @returns {Promise<import("./paymentService.js").Refund>}
 * @throws {PaymentError} `Conflict` when there is nothing (or not so much) left to refund, or a dispute is open
 */
export async function createRefund(paymentIntentId, details = {}, options) {
  const given = typeof details === "string" ? { reason: details } : details;
  const body = { paymentIntentId, ...given };
  return (await send(post("/api/payments/refund", body, "refund", { keyed: true }), options)).refund;
}

/**
 * Says that the coach has delivered what was bought: a share that is kept until then is released some days later.
 *
 * @param {string} paymentIntentId
 * @param {CallOptions} [options]
 * @returns {Promise<import("./paymentService.js").Release>}
 * @throws {PaymentError} `Conflict` when nothing waits for a delivery, or all was refunded; `Forbidden` where nobody signs in
 */
export async function markDelivered(paymentIntentId, options) {
  return (await send(post("/api/payments/delivered", { paymentIntentId }, "release"), options)).release;
}

/**
 * Says that the player accepts the work: the coach is paid at once.
 *
 * @param {string} paymentIntentId
 * @param {string | null} [clientSecret] the payment's, where no token says who the player is
 * @param {CallOptions} [options]
 * @returns {Promise<import("./paymentService.js").Release>}
 * @throws {PaymentError} `Conflict` when nothing is kept, or all was refunded; `Not found` for another's payment
 */
export async function acceptDelivery(paymentIntentId, clientSecret = null, options) {
  const body = clientSecret === null ? { paymentIntentId } : { paymentIntentId, clientSecret };
  return (await send(post("/api/payments/accept", body, "release"), options)).release;
}

/**
 * A coach's one account. `onboardingLink.url` is where the coach completes it, once; asked again, the same account
 * comes back with a fresh link.
 *
 * @param {NewCoach} coach
 * @param {CallOptions} [options]
 * @returns {Promise<import("./paymentService.js").NewAccount>}
 * @throws {PaymentError} `Conflict` when the coach is registered with another email
 */
export async function createConnectAccount(coach, options) {
  const { account, onboardingLink } = await send(post("/api/connect/create-account", coach, "account"), options);
  return { ...account, onboardingLink };
}

/**
 * A coach's account, with what Stripe still asks for in `requirements`.
 *
 * @param {string} accountId
 * @param {CallOptions} [options]
 * @returns {Promise<import("./paymentService.js").Account>}
 * @throws {PaymentError} `Not found`
 */
export async function getConnectAccount(accountId, options) {
  return (await send(get(accountPath(accountId), "account"), options)).account;
}

/**
 * Prefills what the coach's onboarding will ask.
 *
 * @param {string} accountId
 * @param {AccountChanges} changes
 * @param {CallOptions} [options]
 * @returns {Promise<import("./paymentService.js").UpdatedAccount>}
 * @throws {PaymentError} `Validation error`; `Conflict` for what Stripe lets nobody change any more
 */
export async function updateConnectAccount(accountId, changes, options) {
  const call = { ...post(accountPath(accountId), changes, "account"), method: /** @type {const} */ ("PUT") };
  return (await send(call, options)).account;
}

/**
 * A link to the coach's Express dashboard. It opens once: ask for it when it is clicked, not before.
 *
 * @param {string} accountId
 * @param {CallOptions} [options]
 * @returns {Promise<import("./paymentService.js").LoginLink>}
 * @throws {PaymentError} `Conflict` before onboarding is finished
 */
export async function createLoginLink(accountId, options) {
  return (await send(post(accountPath(accountId, "/login-link"), {}, "loginLink"), options)).loginLink;
}

/**
 * The coach's share of a payment, sent now if it was not yet. Usually nobody needs this: paying is enough.
 *
 * @param {TransferClaim} claim `amount` is what the player paid; the platform's fee comes off it
 * @param {CallOptions} [options]
 * @returns {Promise<import("./paymentService.js").Transfer>}
 * @throws {PaymentError} `Forbidden` for an account other than the paid coach's; `Conflict` when the payment is
 *   unpaid, of another amount, or the coach is not ready
 */
export async function createTransfer(claim, options) {
  return (await send(post("/api/connect/transfer", claim, "transfer"), options)).transfer;
}

/**
 * What a coach holds at Stripe.
 *
 * @param {string} accountId
 * @param {CallOptions} [options]
 * @returns {Promise<import("./paymentService.js").Balance>}
 * @throws {PaymentError} `Not found`
 */
export async function getAccountBalance(accountId, options) {
  return (await send(get(accountPath(accountId, "/balance"), "balance"), options)).balance;
}

/**
 * One page of payouts to the coach's bank, newest first: an array that also has `has_more`.
 *
 * @param {string} accountId
 * @param {PayoutsQuery | number} [query] `limit` (1 to 100, default 10) and `starting_after`, the id of the last
 *   payout of the page before; a number is the limit
 * @param {CallOptions} [options]
 * @returns {Promise<import("./paymentService.js").PayoutsPage>}
 * @throws {PaymentError} `Not found`, `Validation error`
 */
export async function getAccountPayouts(accountId, query = {}, options) {
  const asked = queryOf(typeof query === "number" ? { limit: query } : query);
  const path = accountPath(accountId, `/payouts${asked}`);
  const { payouts, has_more } = await send(get(path, "payouts"), options);
  return Object.assign(payouts, { has_more });
}

/**
 * Whether the backend answers, and whether it has a Stripe key.
 *
 * @param {CallOptions} [options]
 * @returns {Promise<import("./paymentService.js").BackendStatus>}
 * @throws {PaymentError} `Network error` when nothing answers
 */
export async function testBackendConnection(options) {
  const { message, timestamp, stripeConfigured } = await send(get("/test"), options);
  return { message, timestamp, stripeConfigured };
}
