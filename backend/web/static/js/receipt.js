// The receipt: remembers what was bought, and gives the money back when it is asked for, and the question is answered.

import { ask } from "./dialogs.js";
import { configure, createRefund } from "./paymentService.js";
import { forgetPurchase, rememberPurchase } from "./purchases.js";

configure({ backendUrl: "" });

const { payment, what, state } = document.querySelector("#receipt").dataset;
const button = document.querySelector("[data-refund]");
const told = document.querySelector("[role=alert]");

// Paid by way of a bank's own page, the purchase ends here.
if (state === "paid") rememberPurchase(what, payment);
if (state === "refunded") forgetPurchase(what, payment);

/** One key for one refund: pressing twice gives nothing back twice, and one that came back does not stand for the next. */
function keyOf(refundsBefore) {
  return Number(refundsBefore) ? `receipt-${payment}-${refundsBefore}` : `receipt-${payment}`;
}

async function giveBack() {
  told.textContent = "";
  if (!(await ask(document.querySelector("#refund")))) return;
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  try {
    await createRefund(payment, "requested_by_customer", { idempotencyKey: keyOf(button.dataset.refund) });
    location.reload();
  } catch (error) {
    button.disabled = false;
    button.removeAttribute("aria-busy");
    told.textContent = error.message;
  }
}

// Until now a press would have gone unheard.
if (button) button.disabled = false;
button?.addEventListener("click", giveBack);
