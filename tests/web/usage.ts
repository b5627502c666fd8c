// How TypeScript sees the front-end services. Compiled by test_types.py, never run: each line below
// "@ts-expect-error" has to be refused, and everything else has to fit.

import {
  ErrorCode,
  PaymentError,
  configure,
  confirmPaymentIntent,
  createConfig,
  createConnectAccount,
  createDestinationCharge,
  createKey,
  createLoginLink,
  createOnboardingLink,
  createPaymentIntent,
  acceptDelivery,
  createRefund,
  markDelivered,
  createTransfer,
  decimalsOf,
  formatAmount,
  getAccountBalance,
  getAccountPayouts,
  getCoachOnboardingLink,
  getCoachStatus,
  getCoachTransfers,
  getConfig,
  getConnectAccount,
  getPackages,
  getPaymentIntentStatus,
  startOnboarding,
  testBackendConnection,
  updateConnectAccount,
} from "../../backend/web/static/js/paymentService.js";
import type { CallOptions, Config, Order, Payout, Session } from "../../backend/web/static/js/paymentService.js";

configure({ backendUrl: "https://pay.example.com", publishableKey: "pk_test_sandbox", locale: "fr-CA" });
configure({ getAuthToken: async () => null, fetch: globalThis.fetch });
const own: Config = createConfig({ maxRetries: 0 }, getConfig());
const options: CallOptions = { config: own, signal: new AbortController().signal };

const order: Order = { coachId: "1", coachName: "Dana", sport: "golf", packageType: "package", packageId: 2 };
const subscription: Order = { coachId: "1", coachName: "Dana", sport: "golf", packageType: "subscription", packageId: null };

export async function buy(): Promise<Session> {
  const intent = await createPaymentIntent(order, { ...options, idempotencyKey: createKey() });
  const shown: string = formatAmount(intent.amount, { currency: intent.currency });
  const coach: number = intent.feeBreakdown.coachAmount + intent.packageInfo.clips + decimalsOf(intent.currency);
  const { status } = await getPaymentIntentStatus(intent.id, options);
  if (status === "succeeded") return confirmPaymentIntent(intent.id, subscription);
  throw new Error(shown + coach);
}

export async function refund(): Promise<number> {
  await createRefund("pi_1");
  await createRefund("pi_1", "duplicate");
  return (await createRefund("pi_1", { reason: "fraudulent", amount: 100 }, { idempotencyKey: null })).amount;
}

export async function delivery(): Promise<string | null> {
  const { released } = await markDelivered("pi_1");
  return released ? null : (await acceptDelivery("pi_1", "pi_1_secret_1")).releaseAt;
}

export async function coach(): Promise<Payout[]> {
  const account = await createConnectAccount({ coachId: "1", coachName: "Dana", email: "a@b.ca", sport: "golf" });
  const due: string[] = (await getConnectAccount(account.id)).requirements.currently_due;
  await updateConnectAccount(account.id, { individual: { dob: { day: 1, month: 2, year: 1990 } } });
  await createTransfer({ paymentIntentId: "pi_1", coachAccountId: account.id, amount: 5400 });
  const link: string = account.onboardingLink.url + (await createLoginLink(account.id)).url + due[0];
  const page = await getAccountPayouts(account.id, { limit: (await getAccountBalance(account.id)).pending[0]!.amount });
  return page.has_more || link ? page : getAccountPayouts(account.id, 5, options);
}

export async function screens(): Promise<string> {
  const { packages, currency, platformFeePercentage } = await getPackages();
  const prices: number[] = packages.map((one) => one.price * platformFeePercentage);
  const { url } = (await startOnboarding({ coachId: "1", coachName: "Dana", email: "a@b.ca", sport: "golf" })).onboardingLink;
  const link = await createOnboardingLink("acct_1", { return_url: "https://app.example.com/" }, options);
  const { account } = await getCoachOnboardingLink("1");
  const status = await getCoachStatus("1");
  const todo: string[] = status?.requirements?.currentlyDue ?? [];
  const transfers = await getCoachTransfers("1", { limit: 5 });
  const whole: boolean = !transfers.summary.partial && transfers[0]!.amount >= prices[0]!;
  const intent = await createDestinationCharge(order, { idempotencyKey: createKey() });
  await confirmPaymentIntent(intent.id, { ...order, playerId: "p" });
  return [url, link.url, account.id, currency, ...todo, whole].join();
}

export function told(error: unknown): string {
  if (!(error instanceof PaymentError)) throw error;
  if (error.code === ErrorCode.TOO_MANY_REQUESTS) return `Wait ${error.retryAfterSeconds ?? 1} seconds.`;
  return error.retryable ? error.message : `${error.message} (${error.requestId})`;
}

export const alive = async (): Promise<boolean> => (await testBackendConnection()).stripeConfigured;

// @ts-expect-error a package has an id
createPaymentIntent({ coachId: "1", coachName: "Dana", sport: "golf", packageType: "package" });
// @ts-expect-error a misspelt key would silently do nothing
createRefund("pi_1", {}, { idempotencykey: "k" });
// @ts-expect-error a coach's status may be missing
getCoachStatus("1").then((status) => status.chargesEnabled);
// @ts-expect-error an address is told by the name that Stripe has for it
createOnboardingLink("acct_1", { returnUrl: "https://app.example.com/" });
// @ts-expect-error the amount is one of the details
createRefund("pi_1", "duplicate", 500);
// @ts-expect-error a session takes no key: asking twice is harmless
confirmPaymentIntent("pi_1", order, { idempotencyKey: "k" });
// @ts-expect-error there is no such option
configure({ backendURL: "https://pay.example.com" });
// @ts-expect-error an amount is a number
formatAmount("4725");
