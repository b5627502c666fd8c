// The purchase page: an order, a card, and a payment that happens once however often Pay is pressed.

import { configure, createKey, createPaymentIntent } from "./paymentService.js";

configure({ backendUrl: "" });

const form = document.querySelector("#buy");
const button = document.querySelector("#pay");
const told = form.querySelector("[role=alert]");
if (!window.Stripe) {
  told.textContent =
    "The card's fields could not be loaded, so nothing can be bought now. Please check your connection, switch off what blocks " +
    "scripts of stripe.com for this page, and load it again.";
  throw new Error("Stripe.js was not loaded.");
}
const stripe = window.Stripe(form.dataset.key);
const ink = getComputedStyle(document.documentElement);
const card = stripe.elements().create("card", {
  hidePostalCode: true,
  style: { base: { fontSize: "16px", color: ink.getPropertyValue("--ink").trim(), "::placeholder": { color: ink.getPropertyValue("--soft").trim() } } },
});
card.mount("#card");
card.on("change", ({ error }) => tell(error?.message ?? ""));
// Until then a press would go unheard.
card.on("ready", () => {
  form.dataset.ready = "yes";
  button.disabled = false;
});

function order() {
  const { coach, name, sport } = form.dataset;
  const offer = form.elements.offer.value;
  const email = form.elements.email.value.trim();
  const what = offer === "subscription" ? { packageType: "subscription" } : { packageType: "package", packageId: Number(offer) };
  return { coachId: coach, coachName: name, sport, ...what, ...(email ? { customerEmail: email } : {}) };
}

/** One key for one order, kept over a reload: pressing Pay again, or coming back, buys nothing a second time. */
function keyOf(wanted) {
  const name = `purchase ${JSON.stringify(wanted)}`;
  const key = sessionStorage.getItem(name) ?? createKey();
  sessionStorage.setItem(name, key);
  return { key, forget: () => sessionStorage.removeItem(name) };
}

async function pay() {
  const wanted = order();
  const { key, forget } = keyOf(wanted);
  const intent = await createPaymentIntent(wanted, { idempotencyKey: key });
  const billing_details = wanted.customerEmail ? { email: wanted.customerEmail } : {};
  const { error, paymentIntent } = await stripe.confirmCardPayment(intent.client_secret, { payment_method: { card, billing_details } });
  // Paid by an earlier press whose answer was lost: that is paid, and no error.
  const now = paymentIntent ?? error?.payment_intent;
  if (!["succeeded", "processing"].includes(now?.status)) throw error;
  forget();
  const back = new URLSearchParams({ payment_intent: intent.id, payment_intent_client_secret: intent.client_secret });
  location.assign(`/payment-success?${back}`);
}

function busy(on) {
  button.disabled = on;
  button.setAttribute("aria-busy", String(on));
  button.textContent = on ? "One moment …" : "Pay";
}

function tell(text) {
  told.textContent = text;
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
    busy(false);
    tell(error?.message ?? "Something went wrong. Please try again.");
  }
});

// A page that the browser keeps for Back is shown as it was left: busy.
addEventListener("pageshow", ({ persisted }) => persisted && busy(false));
