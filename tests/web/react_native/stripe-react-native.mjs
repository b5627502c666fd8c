// Stands in for @stripe/stripe-react-native, whose sheet is drawn by a phone. It makes the sheet's calls of Stripe's API with the
// publishable key: it reads the intent when it is prepared; when it is presented, the person acts, and it confirms.
// `globalThis.person` is what the test's person does: { card: "pm_card_visa" }, or { closes: true }.

const { SANDBOX_URL } = process.env;
// The native parts answer with these two words, whatever Stripe's own code is; that one is in `declineCode` and `stripeErrorCode`.
const FAILED = "Failed";
const CANCELED = "Canceled";

async function ask(method, path, params) {
  const headers = { Authorization: "Bearer pk_test_sandbox" };
  const query = new URLSearchParams(params);
  const url = `${SANDBOX_URL}/v1/${path}${method === "GET" ? `?${query}` : ""}`;
  const answer = await fetch(url, { method, headers, ...(method === "GET" ? {} : { body: query }) });
  return answer.json();
}

function problem({ code, decline_code, message, type }) {
  return { code: FAILED, declineCode: decline_code ?? null, stripeErrorCode: code ?? null, message, localizedMessage: message, type };
}

export function useStripe() {
  let secret = null;
  const idOf = () => secret.split("_secret_")[0];

  async function initPaymentSheet({ merchantDisplayName, paymentIntentClientSecret }) {
    if (!merchantDisplayName) return { error: { code: FAILED, message: "merchantDisplayName cannot be empty or null." } };
    secret = paymentIntentClientSecret;
    const intent = await ask("GET", `payment_intents/${idOf()}`, { client_secret: secret });
    if (intent.error) return { error: problem(intent.error) };
    if (intent.status !== "requires_payment_method") {
      return { error: { code: FAILED, message: `PaymentSheet cannot set up a PaymentIntent in status '${intent.status}'.` } };
    }
    return {};
  }

  async function presentPaymentSheet() {
    if (globalThis.person.closes) return { error: { code: CANCELED, message: "The payment flow has been canceled" } };
    const method = globalThis.person.card;
    const confirmed = await ask("POST", `payment_intents/${idOf()}/confirm`, {
      client_secret: secret,
      payment_method: method,
      use_stripe_sdk: "true",
      return_url: "stripe-sdk://payment",
    });
    return confirmed.error ? { error: problem(confirmed.error) } : {};
  }

  return { initPaymentSheet, presentPaymentSheet };
}
