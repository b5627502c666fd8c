// Inside the frame that Stripe.js opens for 3-D Secure: says how high the question is, and when there is nothing left to
// answer, or that the cardholder has turned away. It says no more than that, so any page may hear it; what became of the
// payment is read with the client secret.
const tell = (message) => window.parent.postMessage(message, "*");
const leave = () => tell({ sandbox: "challenge-done" });

if (window.parent !== window) {
  if (document.querySelector("[data-done]")) leave();
  document.addEventListener("keydown", ({ key }) => key === "Escape" && leave());
  const sheet = document.querySelector("main");
  new ResizeObserver(() => tell({ sandbox: "challenge-height", pixels: Math.ceil(sheet.getBoundingClientRect().height) })).observe(sheet);
}
