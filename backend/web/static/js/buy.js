// The purchase page: an order, a way to pay, and a payment that happens once however often Pay is pressed.

import { CardFields } from "./cardFields.js";
import { ask } from "./dialogs.js";
import { configure, confirmPaymentIntent, createKey, createPaymentIntent, ErrorCode } from "./paymentService.js";
import { forgetPurchase, recall, rememberPurchase } from "./purchases.js";
import { spellAgo, spellDay } from "./spelling.js";

configure({ backendUrl: "" });

const DAY_MILLISECONDS = 86_400_000;
const form = document.querySelector("#buy");
const button = document.querySelector("#pay");
const again = document.querySelector("#again");
const loading = document.querySelector("#loading");
const told = form.querySelector("[role=alert]");
const advice = JSON.parse(form.dataset.advice);

const NOT_LOADED =
  "Stripe's fields could not be loaded, so nothing can be bought now, and nothing was charged. Check your connection, switch " +
  "off what blocks scripts of stripe.com for this page, and try again.";
const NOT_REACHED =
  "Stripe could not be reached, so it is not known yet whether you paid. Pay again in a moment: you cannot be charged twice for this.";
const ENDED =
  "Too many cards were declined, so this purchase was ended. Nothing was charged. Wait a little; then paying begins a new purchase.";
const OTHER_PRICE = "The price has changed since you opened this page. Nothing was charged. Load the page again.";

/** What is said instead of an error's own words, where somebody should do something else than read them. */
const WORDS = { api_connection_error: NOT_REACHED, api_error: NOT_REACHED };

const fields = new CardFields({
  key: form.dataset.key,
  place: document.querySelector("#card"),
  amount: chosen().price,
  currency: form.dataset.currency,
});

/** Stripe's script was loaded before this one, or was kept away; until its fields are there a press would go unheard. */
async function begin() {
  try {
    await fields.mount();
    button.disabled = false;
    form.dataset.ready = "yes";
  } catch {
    tell(NOT_LOADED);
    again.hidden = false;
  }
  loading.hidden = true;
}

/** The chosen offer: price in minor units, and the same for people. */
function chosen() {
  const { price, amount, clips, days } = form.querySelector("[name=offer]:checked").dataset;
  return { value: form.elements.offer.value, price: Number(price), amount, clips, days: Number(days) };
}

function describe() {
  const { price, amount, clips, days } = chosen();
  const shown = { amount, clips, days, until: spellDay(Date.now() + days * DAY_MILLISECONDS) };
  for (const [name, text] of Object.entries(shown)) {
    for (const place of document.querySelectorAll(`span[data-${name}], b[data-${name}]`)) place.textContent = text;
  }
  fields.setAmount(price);
}

function orderOf({ value }) {
  const { coach, name, sport } = form.dataset;
  const email = form.elements.email.value.trim();
  const what = value === "subscription" ? { packageType: "subscription" } : { packageType: "package", packageId: Number(value) };
  return { coachId: coach, coachName: name, sport, ...what, ...(email ? { customerEmail: email } : {}) };
}

/** One key for one order, kept over a reload: pressing Pay again, or coming back, buys nothing a second time. */
function keyOf(order) {
  const name = `purchase ${JSON.stringify(order)}`;
  const key = sessionStorage.getItem(name) ?? createKey();
  sessionStorage.setItem(name, key);
  return { key, forget: () => sessionStorage.removeItem(name) };
}

/** Ask before the same is bought again while it is open. Resolves with false if it is not to be bought. */
async function isWanted(order, what) {
  const before = recall(what);
  if (!before || !(await isOpen(before.payment, order))) {
    if (before) forgetPurchase(what, before.payment);
    return true;
  }
  const dialog = document.querySelector("#bought");
  dialog.querySelector("[data-ago]").textContent = spellAgo(before.at, Date.now());
  return ask(dialog);
}

async function isOpen(payment, order) {
  try {
    const session = await confirmPaymentIntent(payment, order);
    return Date.parse(session.sessionExpiry) > Date.now();
  } catch (error) {
    // Given back, or of a sandbox that has forgotten it. Whoever cannot be asked now will be asked about the purchase anyway.
    if ([ErrorCode.CONFLICT, ErrorCode.NOT_FOUND].includes(error.code)) return false;
    throw error;
  }
}

async function pay() {
  const offer = chosen();
  const order = orderOf(offer);
  const problem = await fields.check();
  if (problem) throw problem;
  const what = `${order.coachId} ${offer.value}`;
  if (!(await isWanted(order, what))) return;
  const { key, forget } = keyOf(order);
  const intent = await createPaymentIntent(order, { idempotencyKey: key }).catch((error) => {
    // The order is refused for what it is; the next press is a new purchase.
    if (error.code === ErrorCode.CONFLICT) forget();
    throw error;
  });
  if (intent.amount !== offer.price) throw new Error(OTHER_PRICE);
  const returnUrl = new URL("/payment-success", location.href).href;
  const { error, paymentIntent } = await fields.pay(intent.client_secret, { email: order.customerEmail, returnUrl });
  // Paid by an earlier press whose answer was lost: that is paid, and no error.
  const now = paymentIntent ?? error?.payment_intent;
  if (now?.status === "canceled") {
    forget();
    throw new Error(ENDED);
  }
  if (!["succeeded", "processing"].includes(now?.status)) throw error;
  forget();
  rememberPurchase(what, intent.id);
  const back = new URLSearchParams({ payment_intent: intent.id, payment_intent_client_secret: intent.client_secret });
  location.assign(`/payment-success?${back}`);
  await new Promise(() => {}); // stay busy until the page is left
}

function busy(on) {
  button.disabled = on || !form.dataset.ready;
  button.setAttribute("aria-busy", String(on));
  button.querySelector("[data-verb]").textContent = on ? "Paying" : "Pay";
  form.querySelector("fieldset").disabled = on;
  form.elements.email.readOnly = on;
}

function tell(text) {
  told.textContent = text;
}

function wordsFor(error) {
  return advice[error?.decline_code] ?? advice[error?.code] ?? WORDS[error?.type] ?? error?.message ?? "Something went wrong. Please try again.";
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (button.disabled) return;
  if (!form.elements.email.checkValidity()) {
    tell("Please check the email address, or leave it empty.");
    form.elements.email.focus();
    return;
  }
  tell("");
  busy(true);
  try {
    await pay();
  } catch (error) {
    tell(wordsFor(error));
  }
  busy(false);
});

form.addEventListener("change", ({ target }) => target.name === "offer" && describe());
again.addEventListener("click", () => location.reload());
// A page that the browser keeps for Back is shown as it was left: busy.
addEventListener("pageshow", ({ persisted }) => persisted && busy(false));

describe();
begin();
