// The services against the running backend, which speaks to the bundled sandbox: what is asked for and comes back,
// and what is left at Stripe when answers are lost.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";

import * as service from "../../backend/web/static/js/paymentService.js";
import { BACKEND_URL, SANDBOX_URL, control, failed, hasty, listed, lose, pass, serverOf } from "./helpers.mjs";

const { config } = hasty(BACKEND_URL);

/** An order of a coach whom nobody else has, so that what it leaves at Stripe can be counted. */
function newOrder() {
  return { coachId: `coach-${randomUUID()}`, coachName: "Dana", sport: "golf", packageType: "package", packageId: 2 };
}

/** Every PaymentIntent that an order left at Stripe. */
async function intentsOf(order) {
  const intents = await listed("payment_intents?limit=100");
  return intents.filter((intent) => intent.metadata.coachId === order.coachId);
}

async function paid(order = newOrder()) {
  const intent = await service.createPaymentIntent(order, { config });
  await control("POST", `payment_intents/${intent.id}/pay`, { card: "pm_card_bypassPending" });
  return intent;
}

async function onboarded(order) {
  const { coachId, coachName, sport } = order;
  const coach = { coachId, coachName, sport, email: `${coachId}@example.com` };
  const account = await service.createConnectAccount(coach, { config });
  await control("POST", `accounts/${account.id}/onboard`);
  return account;
}

test("the backend is there", async () => {
  const status = await service.testBackendConnection({ config });
  assert.equal(status.stripeConfigured, true);
  assert.match(status.timestamp, /Z$/);
});

test("a purchase: intent, payment, status, session, refund", async () => {
  const order = newOrder();
  const placeholders = { playerId: "temp_user", playerName: "Player" };
  const intent = await service.createPaymentIntent({ ...order, ...placeholders }, { config });
  assert.match(intent.client_secret, /^pi_.*_secret_/);
  assert.deepEqual([intent.amount, intent.currency, intent.status], [6075, "cad", "requires_payment_method"]);
  assert.deepEqual(intent.packageInfo, { clips: 7, days: 5, price: 6075 });
  assert.deepEqual(intent.feeBreakdown, { totalAmount: 6075, platformFee: 608, coachAmount: 5467 });

  const early = await failed(service.confirmPaymentIntent(intent.id, order, { config }));
  assert.deepEqual(
    [early.code, early.status, early.paymentStatus],
    ["Payment not successful", 400, "requires_payment_method"],
  );

  await control("POST", `payment_intents/${intent.id}/pay`, { card: "pm_card_visa" });
  const read = await service.getPaymentIntentStatus(intent.id, { config });
  assert.deepEqual([read.status, read.amount, read.metadata.coachId], ["succeeded", 6075, order.coachId]);

  const session = await service.confirmPaymentIntent(intent.id, { ...order, sport: "GOLF" }, { config });
  assert.deepEqual([session.paymentIntentId, session.clipsRemaining, session.status], [intent.id, 7, "active"]);
  assert.deepEqual(await service.confirmPaymentIntent(intent.id, order, { config }), session);

  const some = await service.createRefund(intent.id, { reason: "duplicate", amount: 1000 }, { config });
  assert.deepEqual([some.amount, some.reason, some.status], [1000, "duplicate", "succeeded"]);
  const rest = await service.createRefund(intent.id, "fraudulent", { config });
  assert.deepEqual([rest.amount, rest.reason], [5075, "fraudulent"]);
  const none = await failed(service.createRefund(intent.id, undefined, { config }));
  assert.deepEqual([none.code, none.paymentStatus], ["Conflict", "refunded"]);
});

test("a share that is sent at once waits for no delivery", async () => {
  const intent = await paid(newOrder());
  const delivered = await failed(service.markDelivered(intent.id, { config }));
  const accepted = await failed(service.acceptDelivery(intent.id, intent.client_secret, { config }));
  assert.deepEqual([delivered.code, accepted.code], ["Conflict", "Conflict"]);
});

test("a coach: account, onboarding, changes, share, balance, payouts, dashboard", async () => {
  const order = newOrder();
  const account = await onboarded(order);
  assert.match(account.onboardingLink.url, /^http/);
  assert.deepEqual([account.type, account.country, account.charges_enabled], ["express", "CA", false]);

  const changes = { business_profile: { url: "https://example.com/dana" } };
  const changed = await service.updateConnectAccount(account.id, changes, { config });
  assert.equal(changed.business_profile.url, "https://example.com/dana");
  const read = await service.getConnectAccount(account.id, { config });
  assert.deepEqual([read.id, read.charges_enabled, read.requirements.currently_due], [account.id, true, []]);

  const intent = await paid(order);
  const claim = { paymentIntentId: intent.id, coachAccountId: account.id, amount: intent.amount };
  const transfer = await service.createTransfer(claim, { config });
  assert.deepEqual([transfer.amount, transfer.destination, transfer.status], [5467, account.id, "paid"]);
  assert.deepEqual(await service.createTransfer(claim, { config }), transfer);

  const balance = await service.getAccountBalance(account.id, { config });
  const held = [...balance.available, ...balance.pending].reduce((sum, funds) => sum + funds.amount, 0);
  assert.equal(held, 5467);
  assert.ok(Array.isArray(balance.instant_available));
  assert.match((await service.createLoginLink(account.id, { config })).url, /^http/);
  assert.deepEqual([...(await service.getAccountPayouts(account.id, 5, { config }))], []);
});

test("the screens: price list, onboarding, standing, purchase, earnings", async () => {
  const { packages, currency, sports } = await service.getPackages({ config });
  const cheapest = packages.find((one) => one.sport === "golf" && one.packageId === 1);
  assert.deepEqual([cheapest.price, currency, sports], [5400, "cad", ["badminton", "golf"]]);

  const order = { ...newOrder(), packageId: 1, playerId: "player-7", playerName: "Pat" };
  assert.equal(await service.getCoachStatus(order.coachId, { config }), null);
  const early = await failed(service.createDestinationCharge(order, { config }));
  assert.deepEqual([early.code, early.status], [service.ErrorCode.COACH_NOT_READY, 400]);
  assert.match(early.message, /^Coach not ready for payments/);

  const coach = { coachId: order.coachId, coachName: "Dana", sport: "GOLF", email: "dana@example.com" };
  const account = await service.startOnboarding(coach, { config });
  assert.match(account.onboardingLink.url, /^http/);
  const wishes = { return_url: `${(await status(order.coachId)).stripeAccountId}` };
  const refused = await failed(service.createOnboardingLink(account.id, wishes, { config }));
  assert.deepEqual([refused.status, refused.code], [400, "Validation error"]);
  assert.match((await service.createOnboardingLink(account.id, undefined, { config })).url, /^http/);
  const link = await service.getCoachOnboardingLink(order.coachId, {}, { config });
  assert.deepEqual([link.account.id, link.account.email], [account.id, "dana@example.com"]);

  assert.deepEqual((await status(order.coachId)).onboardingCompleted, false);
  await control("POST", `accounts/${account.id}/onboard`);
  const ready = await status(order.coachId);
  assert.deepEqual([ready.onboardingCompleted, ready.chargesEnabled, ready.payoutsEnabled], [true, true, true]);

  const intent = await service.createDestinationCharge(order, { config });
  await control("POST", `payment_intents/${intent.id}/pay`, { card: "pm_card_bypassPending" });
  assert.equal((await service.confirmPaymentIntent(intent.id, order, { config })).clipsRemaining, 5);
  await service.createTransfer(
    { paymentIntentId: intent.id, coachAccountId: account.id, amount: intent.amount },
    { config },
  );
  const earned = await service.getCoachTransfers(order.coachId, { limit: 10 }, { config });
  assert.deepEqual([earned.length, earned[0].amount, earned[0].metadata.playerName], [1, 4860, "Pat"]);
  assert.deepEqual([earned.summary.totalEarnings, earned.summary.totalCustomers], [4860, 1]);
});

async function status(coachId) {
  return service.getCoachStatus(coachId, { config });
}

test("payouts come in pages", async () => {
  const order = newOrder();
  const account = await onboarded(order);
  for (const amount of [100, 200, 300]) {
    const intent = await paid(order);
    const claim = { paymentIntentId: intent.id, coachAccountId: account.id, amount: intent.amount };
    await service.createTransfer(claim, { config });
    await payOut(account.id, amount);
  }

  const first = await service.getAccountPayouts(account.id, { limit: 2 }, { config });
  assert.deepEqual([first.map((payout) => payout.amount), first.has_more], [[300, 200], true]);
  const next = { limit: 2, starting_after: first.at(-1).id };
  const second = await service.getAccountPayouts(account.id, next, { config });
  assert.deepEqual([second.map((payout) => payout.amount), second.has_more], [[100], false]);
});

async function payOut(account, amount) {
  const headers = { Authorization: "Bearer sk_test_sandbox", "Stripe-Account": account };
  const body = new URLSearchParams({ amount, currency: "cad" });
  const answer = await fetch(`${SANDBOX_URL}/v1/payouts`, { method: "POST", headers, body });
  assert.ok(answer.ok, await answer.text());
}

test("a wrong order names its field, in words for people", async () => {
  const error = await failed(service.createPaymentIntent({ ...newOrder(), packageId: 9 }, { config }));
  assert.deepEqual([error.code, error.status], ["Validation error", 400]);
  assert.match(error.details, /^packageId: /);
  assert.match(error.message, /^[A-Z].*\.$/);
});

test("a purchase whose answer is lost, twice, makes one PaymentIntent", async (context) => {
  const order = newOrder();
  const line = await serverOf(context, lose, lose, pass);
  const intent = await service.createPaymentIntent(order, { config: hasty(line.url).config });

  assert.equal(line.requests.length, 3);
  assert.deepEqual((await intentsOf(order)).map(({ id }) => id), [intent.id]);
});

test("a purchase whose answer the backend lost on its way from Stripe makes one PaymentIntent", async (context) => {
  const order = newOrder();
  const match = { method: "POST", path: "/v1/payment_intents" };
  // Stripe does the work and cuts the line, for both of the backend's own tries: a 503 for the front end.
  await control("POST", "faults", { match, stage: "after", effect: "close", times: 2 });
  context.after(() => control("DELETE", "faults"));
  const { config, pauses } = hasty(BACKEND_URL);
  const intent = await service.createPaymentIntent(order, { config });

  assert.deepEqual(pauses, [5250]);
  assert.deepEqual((await intentsOf(order)).map(({ id }) => id), [intent.id]);
});

test("a purchase that Stripe is still working on is waited for", async (context) => {
  const order = newOrder();
  const match = { method: "POST", path: "/v1/payment_intents" };
  await control("POST", "faults", { match, effect: "conflict", times: 2 });
  context.after(() => control("DELETE", "faults"));
  const { config, pauses } = hasty(BACKEND_URL);
  await service.createPaymentIntent(order, { config });

  assert.deepEqual(pauses, [5250]);
  assert.equal((await intentsOf(order)).length, 1);
});

test("a double click, and a reload with the key kept, make one PaymentIntent", async () => {
  const order = newOrder();
  const options = { config, idempotencyKey: service.createKey() };
  const clicks = await Promise.all([1, 2].map(() => service.createPaymentIntent(order, options)));
  const reloaded = await service.createPaymentIntent(order, options);

  assert.deepEqual(new Set([...clicks, reloaded].map(({ id }) => id)).size, 1);
  assert.equal((await intentsOf(order)).length, 1);
});

test("a person who tries again after an error, with the error's key, buys once", async (context) => {
  const order = newOrder();
  const line = await serverOf(context, lose, pass);
  const { config } = hasty(line.url, { maxRetries: 0 });
  const { idempotencyKey, retryable } = await failed(service.createPaymentIntent(order, { config }));
  assert.equal(retryable, true);
  const intent = await service.createPaymentIntent(order, { config, idempotencyKey });

  assert.deepEqual((await intentsOf(order)).map(({ id }) => id), [intent.id]);
});

test("the key of another purchase is refused", async () => {
  const options = { config, idempotencyKey: service.createKey() };
  await service.createPaymentIntent(newOrder(), options);
  const error = await failed(service.createPaymentIntent(newOrder(), options));
  assert.deepEqual([error.code, error.status, error.retryable], ["Conflict", 409, false]);
});

test("a refund whose answer is lost, twice, gives the money back once", async (context) => {
  const intent = await paid();
  const line = await serverOf(context, lose, lose, pass);
  const refund = await service.createRefund(intent.id, { amount: 1000 }, { config: hasty(line.url).config });

  assert.equal(line.requests.length, 3);
  const refunds = await listed(`refunds?payment_intent=${intent.id}`);
  assert.deepEqual(refunds.map(({ id, amount }) => [id, amount]), [[refund.id, 1000]]);
});

test("a double click on Refund gives the money back once, and another refund of the same amount is another", async () => {
  const intent = await paid();
  const options = { config, idempotencyKey: service.createKey() };
  const clicks = await Promise.all([1, 2].map(() => service.createRefund(intent.id, { amount: 1000 }, options)));
  assert.equal(clicks[0].id, clicks[1].id);

  await service.createRefund(intent.id, { amount: 1000 }, { config });
  assert.equal((await listed(`refunds?payment_intent=${intent.id}`)).length, 2);
});

test("an account whose answer is lost is made once", async (context) => {
  const { coachId, coachName, sport } = newOrder();
  const coach = { coachId, coachName, sport, email: `${coachId}@example.com` };
  const line = await serverOf(context, lose, pass);
  const account = await service.createConnectAccount(coach, { config: hasty(line.url).config });

  const accounts = (await listed("accounts?limit=100")).filter(({ metadata }) => metadata.coachId === coachId);
  assert.deepEqual(accounts.map(({ id }) => id), [account.id]);
});

test("a transfer whose answer is lost is made once", async (context) => {
  const order = newOrder();
  const account = await onboarded(order);
  const intent = await paid(order);
  const line = await serverOf(context, lose, pass);
  const claim = { paymentIntentId: intent.id, coachAccountId: account.id, amount: intent.amount };
  const transfer = await service.createTransfer(claim, { config: hasty(line.url).config });

  const transfers = await listed(`transfers?destination=${account.id}`);
  assert.deepEqual(transfers.map(({ id }) => id), [transfer.id]);
});
