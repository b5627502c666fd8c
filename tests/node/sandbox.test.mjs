// How a Node project uses the sandbox: the official SDK, pointed at it. SANDBOX_URL says where it listens.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import Stripe from "stripe";

const { hostname, port } = new URL(process.env.SANDBOX_URL);
const stripe = new Stripe("sk_test_sandbox", { host: hostname, port, protocol: "http" });

const order = {
  amount: 4725,
  currency: "cad",
  automatic_payment_methods: { enabled: true, allow_redirects: "never" },
};

test("a payment is made, paid and read back", async () => {
  const made = await stripe.paymentIntents.create(order);
  assert.equal(made.status, "requires_payment_method");

  const paid = await stripe.paymentIntents.confirm(made.id, { payment_method: "pm_card_visa" });
  assert.equal(paid.status, "succeeded");

  const read = await stripe.paymentIntents.retrieve(made.id, { expand: ["latest_charge"] });
  assert.equal(read.latest_charge.amount_captured, 4725);
});

test("a declined card is a StripeCardError", async () => {
  const declined = stripe.paymentIntents.create({ ...order, confirm: true, payment_method: "pm_card_visa_chargeDeclined" });

  await assert.rejects(declined, (error) => {
    assert.ok(error instanceof Stripe.errors.StripeCardError);
    assert.equal(error.decline_code, "generic_decline");
    assert.equal(error.payment_intent.status, "requires_payment_method");
    return true;
  });
});

test("a key makes one payment, however often it is sent, and only that one", async () => {
  const options = { idempotencyKey: "the-same-purchase" };
  const first = await stripe.paymentIntents.create(order, options);
  const second = await stripe.paymentIntents.create(order, options);
  assert.equal(second.id, first.id);
  assert.equal(second.lastResponse.headers["idempotent-replayed"], "true");

  await assert.rejects(stripe.paymentIntents.create({ ...order, amount: 1 }, options), Stripe.errors.StripeIdempotencyError);
});

test("a coach is paid through Connect, and one who is not ready is not", async () => {
  const coach = await stripe.accounts.create({
    type: "express",
    country: "CA",
    capabilities: { transfers: { requested: true } },
  });
  const payment = await stripe.paymentIntents.create({ ...order, confirm: true, payment_method: "pm_card_visa" });
  const share = { amount: 4252, currency: "cad", destination: coach.id, source_transaction: payment.latest_charge };

  await assert.rejects(stripe.transfers.create(share), { code: "insufficient_capabilities_for_transfer" });
  await fetch(new URL(`/_sandbox/accounts/${coach.id}/onboard`, process.env.SANDBOX_URL), { method: "POST" });
  const transfer = await stripe.transfers.create(share);

  const balance = await stripe.balance.retrieve({}, { stripeAccount: coach.id });
  assert.equal(transfer.amount, 4252);
  assert.equal(balance.pending[0].amount, 4252);
});

test("webhooks arrive, signed", async (context) => {
  const server = createServer();
  context.after(() => server.close());
  await once(server.listen(0, "127.0.0.1"), "listening");
  const endpoint = await stripe.webhookEndpoints.create({
    url: `http://127.0.0.1:${server.address().port}/`,
    enabled_events: ["customer.created"],
  });

  const delivery = once(server, "request", { signal: AbortSignal.timeout(20_000) });
  const customer = await stripe.customers.create({ email: "player@example.com" });
  const [request, response] = await delivery;
  const body = Buffer.concat(await request.toArray());
  response.end();

  const event = stripe.webhooks.constructEvent(body, request.headers["stripe-signature"], endpoint.secret);
  assert.equal(event.type, "customer.created");
  assert.equal(event.data.object.id, customer.id);
  assert.throws(
    () => stripe.webhooks.constructEvent(body, request.headers["stripe-signature"], "whsec_wrong"),
    Stripe.errors.StripeSignatureVerificationError,
  );
});
