// Elements: the part of a shop's form that is a frame of ours.

const ELEMENTS = ["card", "payment"];
const CLASSES = {
  base: "StripeElement", complete: "StripeElement--complete", empty: "StripeElement--empty",
  focus: "StripeElement--focus", invalid: "StripeElement--invalid",
};

class StripeElement {
  constructor(elements, kind, options = {}) {
    this._elements = elements;
    this._kind = kind;
    this._options = options;
    this._classes = { ...CLASSES, ...options.classes };
    this._listeners = new Map();
  }

  /** Put the element into a container: a node, or a selector that finds one. */
  mount(target) {
    const container = typeof target === "string" ? document.querySelector(target) : target;
    if (!(container instanceof Element)) {
      throw new IntegrationError(`The selector you specified (${target}) applies to no DOM elements that are currently on the page.`);
    }
    if (this._destroyed) throw new IntegrationError("This Element has already been destroyed. Please create a new one.");
    if (this._container === container) return;
    this.unmount();
    this._container = container;
    this._frame = new Frame("Secure card payment input frame", this._settings(), (name, detail) => this._heard(name, detail));
    dress(this._frame.iframe, { height: this._kind === "card" ? "1.2em" : "220px" });
    this._watch(this._frame);
    container.replaceChildren(this._frame.iframe);
    this._show({ base: true, empty: true });
  }

  /** A frame that does not come is told, so that the page can say so and offer another try. */
  async _watch(frame) {
    const came = await Promise.race([frame.isConnected, afterSeconds(LOAD_SECONDS)]);
    if (!came && frame === this._frame) this._heard("loaderror", { error: NOT_REACHED });
  }

  unmount() {
    if (!this._container) return;
    this._show({ base: false, complete: false, empty: false, focus: false, invalid: false });
    this._frame.close();
    this._frame = this._container = null;
  }

  destroy() {
    this.unmount();
    this._destroyed = true;
    this._elements._forget(this._kind);
  }

  update(options) {
    this._options = { ...this._options, ...options };
    this._frame?.tell("settings", this._settings());
  }

  clear() {
    this._frame?.tell("clear");
  }

  focus() {
    this._frame?.iframe.focus();
    this._frame?.tell("focus");
  }

  blur() {
    this._frame?.tell("blur");
  }

  on(name, listener) {
    const known = this._listeners.get(name) ?? new Set();
    this._listeners.set(name, known.add(listener));
    return this;
  }

  once(name, listener) {
    const first = (event) => {
      this.off(name, first);
      listener(event);
    };
    return this.on(name, first);
  }

  off(name, listener) {
    if (listener) this._listeners.get(name)?.delete(listener);
    else this._listeners.delete(name);
    return this;
  }

  _settings() {
    const { style, disabled, placeholder } = this._options;
    return { kind: this._kind, style, disabled, placeholder, appearance: this._elements._options.appearance };
  }

  _heard(name, detail) {
    if (name === "height") return dress(this._frame.iframe, { height: `${detail.pixels}px` });
    if (name === "submit") return this._container.closest("form")?.requestSubmit();
    if (name === "change") this._show({ complete: detail.complete, empty: detail.empty, invalid: Boolean(detail.error) });
    if (name === "focus" || name === "blur") this._show({ focus: name === "focus" });
    const event = { elementType: this._kind, ...detail };
    for (const listener of [...(this._listeners.get(name) ?? [])]) listener(name === "ready" ? this : event);
  }

  _show(states) {
    for (const [state, on] of Object.entries(states)) this._container.classList.toggle(this._classes[state], on);
  }
}

class Elements {
  constructor(options = {}) {
    checkMode(options);
    this._options = options;
    this._made = new Map();
  }

  create(kind, options) {
    if (!ELEMENTS.includes(kind)) {
      throw new IntegrationError(`The sandbox's stripe.js has no "${kind}" Element. It has: ${ELEMENTS.join(", ")}.`);
    }
    if (this._made.has(kind)) throw new IntegrationError(`Can only create one Element of type ${kind} through an Elements instance.`);
    const element = new StripeElement(this, kind, options);
    this._made.set(kind, element);
    return element;
  }

  /** By its name, or by React's component for it, as react-stripe-js asks. */
  getElement(kind) {
    return this._made.get(kind?.__elementType ?? kind) ?? null;
  }

  update(options) {
    const changed = { ...this._options, ...options };
    checkMode(changed);
    this._options = changed;
    this._submitted = false;
    for (const element of this._made.values()) element.update({});
  }

  /** Check the fields before paying: `{}`, or `{error}`. */
  async submit() {
    const { error } = await this._mounted()._frame.ask("check");
    this._submitted = !error;
    return error ? { error } : { selectedPaymentMethod: "card" };
  }

  async fetchUpdates() {
    return {};
  }

  _mounted() {
    const element = [...this._made.values()].find((made) => made._frame);
    if (!element) throw new IntegrationError("elements should have a mounted Payment Element or Card Element.");
    return element;
  }

  _forget(kind) {
    this._made.delete(kind);
  }
}

/** Elements made before their intent name what is going to be paid, and only then. */
function checkMode({ mode, amount, currency, clientSecret }) {
  if (mode === undefined) return;
  if (mode !== "payment") throw new IntegrationError(`The sandbox's stripe.js has no mode "${mode}". It has: payment.`);
  if (clientSecret) throw new IntegrationError("You cannot pass both mode and clientSecret to elements().");
  if (!Number.isInteger(amount) || amount <= 0) throw new IntegrationError("Invalid value for elements(): amount should be a positive integer.");
  if (!/^[a-z]{3}$/.test(currency ?? "")) throw new IntegrationError("Invalid value for elements(): currency should be a lower-case currency code.");
}
