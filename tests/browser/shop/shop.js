// What a front end does with Stripe.js; the query says how: ?element=card|payment&secret=…&redirect=…
const asked = new URLSearchParams(location.search);
const stripe = window.Stripe("pk_test_sandbox");
const elements = stripe.elements({ clientSecret: asked.get("secret"), appearance: { theme: asked.get("theme") ?? "stripe" } });
const kind = asked.get("element") ?? "card";
const card = elements.create(kind, { style: { base: { fontSize: "18px", color: asked.get("theme") === "night" ? "#f2f4f8" : "#1a1f36" } } });
const status = document.querySelector("[role=status]");
window.heard = [];

for (const event of ["ready", "change", "focus", "blur"]) card.on(event, (detail) => window.heard.push([event, detail.elementType, detail.complete]));
card.on("ready", () => (document.body.dataset.ready = "yes"));
card.on("change", ({ error }) => (status.textContent = error ? error.message : ""));
card.mount("#card");

const pay = {
  card: () =>
    stripe.confirmCardPayment(asked.get("secret"), {
      payment_method: { card, billing_details: { name: "Pat" } },
      return_url: `${location.origin}/done`,
    }),
  payment: () =>
    stripe.confirmPayment({
      elements,
      confirmParams: { return_url: `${location.origin}/done` },
      redirect: asked.get("redirect") ?? "if_required",
    }),
};

document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  status.textContent = "…";
  const { paymentIntent, error } = await pay[kind]();
  status.textContent = error ? `${error.code ?? error.type}: ${error.message}` : paymentIntent.status;
  document.body.dataset.answers = Number(document.body.dataset.answers ?? 0) + 1;
});
Object.assign(window, { stripe, card });
