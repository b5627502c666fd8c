// Stripe's fields on the page: the card, and the wallets where Stripe offers them. Their script is Stripe's own and must
// come from Stripe, so a network or a blocker can keep it away, or the frame that it draws: both are told.

export class CardFields {
  #stripe;
  #elements;

  /** `key`: the publishable key. `place`: where the fields go. `amount`, `currency`: what is going to be paid, in minor units. */
  constructor({ key, place, amount, currency }) {
    Object.assign(this, { key, place, amount, currency });
  }

  /** Put the fields in place. Resolves once they can be typed in; rejects if Stripe.js or its frame did not come. */
  mount() {
    return new Promise((resolve, reject) => {
      this.#stripe = window.Stripe(this.key);
      const { amount, currency } = this;
      this.#elements = this.#stripe.elements({ mode: "payment", amount, currency, appearance: appearance() });
      const element = this.#elements.create("payment");
      element.on("ready", resolve);
      element.on("loaderror", ({ error }) => reject(error));
      element.mount(this.place);
    });
  }

  /** Another amount is going to be paid: wallets show it. */
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
