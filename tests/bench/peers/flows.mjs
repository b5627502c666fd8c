// What both peers do for a purchase and for a paid webhook: two calls to Stripe each, and no more.

import cluster from "node:cluster";
import Stripe from "stripe";

const base = new URL(process.env.STRIPE_API_BASE);
export const port = Number(process.env.PORT);
export const stripe = new Stripe("sk_test_a1", {
  host: base.hostname,
  port: base.port,
  protocol: base.protocol.slice(0, -1),
  maxNetworkRetries: 1,
});

const FEE_PERCENT = 10;
// What a real one would have in its database.
const PRICES = { badminton: { package: { 1: { price: 4725, clips: 5, days: 3 } } } };
const accountOf = () => process.env.COACH_ACCOUNT;

/** As many processes as the server has workers: the first one starts them, and each of them serves. */
export function inEveryWorker(serve) {
  if (!cluster.isPrimary) return serve();
  for (let worker = 0; worker < Number(process.env.WEB_CONCURRENCY ?? 2); worker += 1) cluster.fork();
  process.on("SIGTERM", () => process.exit());
}

/** Find the player's customer, make one if there is none, and make the intent. Undefined when it is not for sale. */
export async function createIntent(order) {
  const offer = PRICES[order.sport]?.[order.packageType]?.[order.packageId];
  if (!offer) return undefined;
  const customer = order.customerEmail ? await customerOf(order.customerEmail) : undefined;
  const platformFee = Math.round((offer.price * FEE_PERCENT) / 100);
  const intent = await stripe.paymentIntents.create({
    amount: offer.price,
    currency: "cad",
    automatic_payment_methods: { enabled: true },
    customer,
    receipt_email: order.customerEmail,
    description: `${order.sport} ${order.packageType} with ${order.coachName}`,
    metadata: {
      coachId: order.coachId,
      coachName: order.coachName,
      sport: order.sport,
      packageType: order.packageType,
      packageId: String(order.packageId),
      clips: String(offer.clips),
      days: String(offer.days),
      platformFee: String(platformFee),
      transferAmount: String(offer.price - platformFee),
      coachAccountId: accountOf(order.coachId),
      playerId: order.playerId,
      playerName: order.playerName,
    },
  });
  return {
    success: true,
    paymentIntent: {
      id: intent.id,
      client_secret: intent.client_secret,
      amount: intent.amount,
      currency: intent.currency,
      status: intent.status,
    },
    packageInfo: offer,
    feeBreakdown: { totalAmount: offer.price, platformFee, coachAmount: offer.price - platformFee },
  };
}

async function customerOf(email) {
  const known = await stripe.customers.list({ email, limit: 1 });
  return (known.data[0] ?? (await stripe.customers.create({ email }))).id;
}

/** Read the payment that an event tells of, and send the coach their part of it. */
export async function settle(event) {
  if (event.type !== "payment_intent.succeeded") return;
  const payment = await stripe.paymentIntents.retrieve(event.data.object.id, { expand: ["latest_charge"] });
  const { coachAccountId, coachId, transferAmount } = payment.metadata;
  if (payment.status !== "succeeded" || payment.latest_charge.refunded) return;
  await stripe.transfers.create(
    {
      amount: Number(transferAmount),
      currency: payment.currency,
      destination: coachAccountId,
      source_transaction: payment.latest_charge.id,
      metadata: { coachId, paymentIntentId: payment.id },
    },
    { idempotencyKey: `transfer:${payment.id}` },
  );
}

/** The event in these bytes, if we know who signed them; undefined otherwise. */
export function verified(bytes, signature) {
  try {
    return stripe.webhooks.constructEvent(bytes, signature, process.env.STRIPE_WEBHOOK_SECRET);
  } catch {
    return undefined;
  }
}
