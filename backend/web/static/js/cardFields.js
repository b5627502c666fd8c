// Stripe's fields on the page: the card, and the wallets where Stripe offers them. Their script is Stripe's own and must
// come from Stripe, so a network or a blocker can keep it away: that is told, and can be tried again.

/** The states that `onState` is told, in this order; "failed" may be followed by "loading" again. */
export const FieldsState = Object.freeze({ LOADING: "loading", READY: "ready", FAILED: "failed" });

export class CardFields {
  #stripe;
  #elements;
  #element;

  /**
   * `script`: the address of Stripe.js. `key`: the publishable key. `place`: where the fields go.
   * `onState(state)` hears of loading, ready and failed.
   */
  constructor({ script, key, place, currency, onState }) {
    Object.assign(this, { script, key, place, currency, onState, amount: null });
  }

  /** Load Stripe.js if it is not there yet, and put the fields in place. Never rejects: `onState` hears what came of it. */
  async load() {
    this.onState(FieldsState.LOADING);
    try {
      const Stripe = await scriptOf(this.script);
      this.#stripe ??= Stripe(this.key);
      this.#mount();
    } catch {
      this.onState(FieldsState.FAILED);
    }
  }

  /** The amount that is going to be paid, in minor units: wallets show it. */
  setAmount(amount) {
    this.amount = amount;
    this.#elements?.update({ amount });
  }

  /** Check what was typed. Resolves with Stripe's error, or undefined. Stripe asks for this before the purchase is made. */
  async check() {
    return (await this.#elements.submit()).error;
  }

  /** Pay an intent with what was typed: `{paymentIntent}` or `{error}`. The bank may lead away, and back to `returnUrl`. */
  pay(clientSecret, { email, returnUrl }) {
    return this.#stripe.confirmPayment({
      elements: this.#elements,
      clientSecret,
      redirect: "if_required",
      confirmParams: { return_url: returnUrl, payment_method_data: { billing_details: email ? { email } : {} } },
    });
  }

  #mount() {
    this.#element?.destroy();
    this.#elements = this.#stripe.elements({
      mode: "payment",
      amount: this.amount,
      currency: this.currency,
      appearance: appearance(),
    });
    this.#element = this.#elements.create("payment");
    this.#element.on("ready", () => this.onState(FieldsState.READY));
    this.#element.on("loaderror", () => this.onState(FieldsState.FAILED));
    this.#element.mount(this.place);
  }
}

/** `window.Stripe`, once its script is there. Rejects when it does not come, or comes empty from a blocker. */
function scriptOf(address) {
  if (window.Stripe) return Promise.resolve(window.Stripe);
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    const fail = () => {
      script.remove();
      reject(new Error("Stripe.js was not loaded."));
    };
    script.addEventListener("load", () => (window.Stripe ? resolve(window.Stripe) : fail()));
    script.addEventListener("error", fail);
    script.src = address;
    document.head.append(script);
  });
}

/** The page's own colours, by day and by night. */
function appearance() {
  const page = getComputedStyle(document.documentElement);
  const colour = (name) => page.getPropertyValue(name).trim();
  return {
    theme: matchMedia("(prefers-color-scheme: dark)").matches ? "night" : "stripe",
    variables: {
      colorPrimary: colour("--accent"),
      colorBackground: colour("--card"),
      colorText: colour("--ink"),
      colorTextPlaceholder: colour("--soft"),
      colorDanger: colour("--bad"),
      borderRadius: "10px",
      fontSizeBase: "16px",
    },
  };
}
