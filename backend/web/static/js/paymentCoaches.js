// @ts-check
/**
 * What a coach's screens ask: the way into onboarding, the standing, and the earnings.
 *
 * @module paymentCoaches
 */

import { accountPath, get, post, queryOf, segment } from "./paymentCalls.js";
import { ErrorCode, PaymentError } from "./paymentError.js";
import { send } from "./paymentRequest.js";

/**
 * @typedef {import("./paymentRequest.js").CallOptions} CallOptions
 * @typedef {import("./paymentService.js").NewCoach} NewCoach
 * @typedef {import("./paymentCoaches.js").LinkWishes} LinkWishes
 */

/**
 * A coach's one account, with a link to complete it: the same as `createConnectAccount`, as older apps call it.
 *
 * @param {NewCoach} coach
 * @param {CallOptions} [options]
 * @returns {Promise<import("./paymentService.js").NewAccount>}
 * @throws {PaymentError} `Conflict` when the coach is registered with another email
 */
export async function startOnboarding(coach, options) {
  const { account, onboardingLink } = await send(post("/api/connect/start-onboarding", coach, "account"), options);
  return { ...account, onboardingLink };
}

/**
 * A fresh link to complete an account. It opens once: ask for it when it is clicked.
 *
 * @param {string} accountId
 * @param {LinkWishes} [wishes]
 * @param {CallOptions} [options]
 * @returns {Promise<import("./paymentCoaches.js").OnboardingLink>}
 * @throws {PaymentError} `Not found`; `Validation error` for an address that is not the backend's or an allowed origin's
 */
export async function createOnboardingLink(accountId, wishes = {}, options) {
  const call = post(accountPath(accountId, "/onboarding-link"), wishes, "onboardingLink");
  return (await send(call, options)).onboardingLink;
}

/**
 * The same for a coach, with the account that it is for.
 *
 * @param {string} coachId
 * @param {LinkWishes} [wishes]
 * @param {CallOptions} [options]
 * @returns {Promise<import("./paymentCoaches.js").CoachOnboardingLink>}
 * @throws {PaymentError} `Not found` for a coach without an account
 */
export async function getCoachOnboardingLink(coachId, wishes = {}, options) {
  const path = coachPath(coachId, `/onboarding-link${queryOf(wishes)}`);
  const { onboardingLink, account } = await send(get(path, "onboardingLink"), options);
  return { ...onboardingLink, account };
}

/**
 * Whether a coach can be paid, and what is still to do; `null` for a coach who has no account.
 *
 * @param {string} coachId
 * @param {CallOptions} [options]
 * @returns {Promise<import("./paymentCoaches.js").CoachStatus | null>}
 */
export async function getCoachStatus(coachId, options) {
  try {
    return (await send(get(coachPath(coachId, "/status"), "account"), options)).account;
  } catch (error) {
    if (error instanceof PaymentError && error.code === ErrorCode.NOT_FOUND) return null;
    throw error;
  }
}

/**
 * What a coach was sent, newest first, with the totals of all of it: an array that also has `summary`.
 *
 * @param {string} coachId
 * @param {{ limit?: number }} [query] `limit`: 1 to 1000, default 50
 * @param {CallOptions} [options]
 * @returns {Promise<import("./paymentCoaches.js").CoachTransfers>}
 * @throws {PaymentError} `Not found` for another coach
 */
export async function getCoachTransfers(coachId, query = {}, options) {
  const path = coachPath(coachId, `/transfers${queryOf(query)}`);
  const { transfers, summary } = await send(get(path, "transfers"), options);
  return Object.assign(transfers, { summary });
}

/**
 * @param {string} coachId
 * @param {string} rest
 */
function coachPath(coachId, rest) {
  return `/api/connect/coach/${segment(coachId, "coachId")}${rest}`;
}
