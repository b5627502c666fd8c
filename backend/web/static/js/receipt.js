// The receipt: gives the money back on request, once.

import { configure, createRefund } from "./paymentService.js";

configure({ backendUrl: "" });

const button = document.querySelector("[data-refund]");
const told = document.querySelector("[role=status]");

// Until now a press would have gone unheard.
if (button) button.disabled = false;
button?.addEventListener("click", async () => {
  const payment = button.dataset.refund;
  button.disabled = true;
  try {
    await createRefund(payment, "requested_by_customer", { idempotencyKey: `receipt-${payment}` });
    location.reload();
  } catch (error) {
    button.disabled = false;
    told.textContent = error.message;
  }
});
