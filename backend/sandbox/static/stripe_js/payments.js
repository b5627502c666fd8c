// What a page calls: `Stripe(publishableKey)`. Answers are `{paymentIntent}` or `{error}`; a wrong call throws.

const SECRET = /^(pi_[A-Za-z0-9]+)_secret_[A-Za-z0-9]+$/;
const UNAUTHENTICATED = {
  type: "invalid_request_error",
  code: "payment_intent_authentication_failure",
  message: "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
};
class StripeJs {
  constructor(key) {
    this._key = key;
    // Named so that a page which calls one hears what is missing, and not that undefined is no function.
    for (const name of REFUSED) {
      this[name] = () => {
        throw new IntegrationError(`The sandbox's stripe.js does not do ${name}. Its page /_sandbox/coverage says what it does.`);
      };
    }
  }

  elements(options) {
    return new Elements(options);
  }

  /** Pay with a card Element, a PaymentMethod's id, or what the intent has already. Asks the bank if it wants to. */
  async confirmCardPayment(secret, data = {}, { handleActions = true } = {}) {
    const { payment_method: method, ...rest } = data;
    const params = { ...rest, use_stripe_sdk: handleActions, expected_payment_method_type: "card" };
    if (typeof method === "string") params.payment_method = method;
    const card = cardOf(method);
    if (card) params.payment_method_data = { type: "card", billing_details: method.billing_details };
    const answer = await this._confirm(secret, params, card);
    return handleActions ? this._finish(answer) : answer;
  }

  /** Pay with the mounted Element. Leads to `return_url` afterwards, unless `redirect` is "if_required". */
  async confirmPayment({ elements, clientSecret, confirmParams = {}, redirect = "always" } = {}) {
    if (redirect === "always" && !confirmParams.return_url) {
      throw new IntegrationError("stripe.confirmPayment needs confirmParams.return_url, or redirect: 'if_required'.");
    }
    const { payment_method_data: data, ...rest } = confirmParams;
    const card = elements && !rest.payment_method ? elements._mounted() : null;
    if (elements?._options.mode && !elements._submitted) {
      throw new IntegrationError("elements.submit() must be called before stripe.confirmPayment() when elements() was given a mode.");
    }
    const params = { ...rest, use_stripe_sdk: true, expected_payment_method_type: "card" };
    if (card) params.payment_method_data = { type: "card", ...data };
    const answer = await this._finish(await this._confirm(clientSecret ?? elements?._options.clientSecret, params, card));
    return redirect === "always" && answer.paymentIntent ? leave(answer.paymentIntent, confirmParams.return_url) : answer;
  }

  /** Ask the bank about an intent that waits for it. */
  async handleNextAction({ clientSecret } = {}) {
    return this._finish(await this.retrievePaymentIntent(clientSecret));
  }

  handleCardAction(secret) {
    return this.handleNextAction({ clientSecret: secret });
  }

  async retrievePaymentIntent(secret) {
    const path = `/v1/payment_intents/${idOf(secret)}`;
    return intentOr(await this._controller().ask("call", this._request("GET", path, { client_secret: secret })));
  }

  /** A PaymentMethod of the card that was entered; it can pay once. */
  async createPaymentMethod({ elements, params = {}, type = "card", card, billing_details, metadata } = {}) {
    const element = elements ? elements._mounted() : elementOf(card);
    const given = { type, billing_details, metadata, ...params };
    const answer = await element._frame.ask("call", this._request("POST", "/v1/payment_methods", given, "card"));
    return answer.ok ? { paymentMethod: answer.ok } : { error: answer.error };
  }

  // What the wrappers for frameworks call to say who they are.
  registerAppInfo() {}

  _registerWrapper() {}

  async _confirm(secret, params, card) {
    const path = `/v1/payment_intents/${idOf(secret)}/confirm`;
    const asked = this._request("POST", path, { client_secret: secret, ...params }, card ? "payment_method_data.card" : null);
    return intentOr(await (card ? card._frame : this._controller()).ask("call", asked));
  }

  async _finish(answer) {
    const action = answer.paymentIntent?.status === "requires_action" ? answer.paymentIntent.next_action : null;
    if (!action) return answer;
    if (action.redirect_to_url) return leaveFor(action.redirect_to_url.url);
    await askTheBank(action.use_stripe_sdk.stripe_js);
    const after = await this.retrievePaymentIntent(answer.paymentIntent.client_secret);
    return after.paymentIntent ? outcomeOf(after.paymentIntent) : after;
  }

  _request(method, path, params, cardAt = null) {
    return { key: this._key, method, path, params, cardAt };
  }

  /** The frame that speaks with the API when no card is asked for. */
  _controller() {
    if (!this._hidden) {
      this._hidden = new Frame("", { kind: "controller" }, () => {});
      dress(this._hidden.iframe, { position: "absolute", width: "1px", height: "1px", opacity: "0", "pointer-events": "none" });
      this._hidden.iframe.setAttribute("aria-hidden", "true");
      this._hidden.iframe.tabIndex = -1;
      document.body.append(this._hidden.iframe);
    }
    return this._hidden;
  }
}

function idOf(secret) {
  const found = typeof secret === "string" ? SECRET.exec(secret) : null;
  if (found) return found[1];
  throw new IntegrationError(
    "Invalid value for intent secret: value should be a client secret of the form ${id}_secret_${secret}. You specified: " + secret,
  );
}

function cardOf(method) {
  if (!method || typeof method === "string") return null;
  return elementOf(method.card);
}

function elementOf(card) {
  if (card instanceof StripeElement && card._frame) return card;
  throw new IntegrationError("card should be a card Element that is mounted; the sandbox's stripe.js takes no tokens.");
}

function intentOr({ ok, error }) {
  return ok ? { paymentIntent: ok } : { error };
}

/** What the payer is told after the bank has been asked. */
function outcomeOf(intent) {
  if (intent.status === "requires_action") return { error: { ...UNAUTHENTICATED, payment_intent: intent } };
  if (intent.status !== "requires_payment_method") return { paymentIntent: intent };
  return { error: { ...(intent.last_payment_error ?? UNAUTHENTICATED), payment_intent: intent } };
}

function leave(intent, returnUrl) {
  const url = new URL(returnUrl);
  url.searchParams.set("payment_intent", intent.id);
  url.searchParams.set("payment_intent_client_secret", intent.client_secret);
  url.searchParams.set("redirect_status", intent.status === "succeeded" ? "succeeded" : "failed");
  return leaveFor(url.href);
}

/** The page goes; nobody is left to be answered. */
function leaveFor(url) {
  window.location.assign(url);
  return new Promise(() => {});
}

function Stripe(key) {
  if (typeof key !== "string" || !key) throw new IntegrationError("Please call Stripe() with your publishable key.");
  if (/^[sr]k_/.test(key)) throw new IntegrationError("You should not use your secret key with Stripe.js. Please pass a publishable key instead.");
  if (!key.startsWith("pk_test_")) throw new IntegrationError("This is a local sandbox of Stripe. It takes publishable test keys (pk_test_…) only.");
  return new StripeJs(key);
}

Stripe.version = RELEASE;
window.Stripe = Stripe;
