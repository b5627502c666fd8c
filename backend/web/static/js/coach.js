// The coach's page: registers, finishes onboarding, and shows what was earned.

import {
  configure,
  createConnectAccount,
  ErrorCode,
  createLoginLink,
  getAccountBalance,
  getAccountPayouts,
  getConnectAccount,
} from "./paymentService.js";
import { spellMoney } from "./spelling.js";

configure({ backendUrl: "" });

const section = document.querySelector("#coach");
const part = (name) => section.querySelector(`[data-${name}]`);

/** Stripe's return says nothing of who comes back, so the browser remembers. */
function remember() {
  const asked = new URLSearchParams(location.search).get("coach");
  if (asked !== null) sessionStorage.setItem("coach", asked);
  const known = sessionStorage.getItem("coach");
  if (asked === null && known) location.replace(`?coach=${encodeURIComponent(known)}`);
}

async function onboard() {
  const { coach, name, sport, email } = section.dataset;
  const { onboardingLink } = await createConnectAccount({ coachId: coach, coachName: name, sport, email });
  location.assign(onboardingLink.url);
}

async function openDashboard() {
  const { url } = await createLoginLink(section.dataset.account);
  location.assign(url);
}

async function look() {
  const id = section.dataset.account;
  const [account, balance, payouts] = await Promise.all([getConnectAccount(id), getAccountBalance(id), getAccountPayouts(id)]);
  const ready = account.charges_enabled && account.payouts_enabled;
  part("state").textContent = ready
    ? "You can be paid. Money arrives here by itself."
    : account.details_submitted && account.requirements.currently_due.length === 0
      ? "Stripe is checking your details. Money waits until it is done."
      : "Stripe still has questions. Money waits until they are answered.";
  part("onboard").hidden = ready;
  part("dashboard").hidden = !account.details_submitted;
  part("available").textContent = total(balance.available);
  part("pending").textContent = total(balance.pending);
  if (payouts.length) part("payouts").replaceChildren(...payouts.map(row));
}

/** The account may be gone, in a sandbox that forgot everything: then the coach registers anew. */
async function lookOrRegister() {
  try {
    await look();
  } catch (error) {
    if (error.code === ErrorCode.NOT_FOUND) part("onboard").hidden = false;
    throw error;
  }
}

function total(entries) {
  return entries.map(({ amount, currency }) => spellMoney(amount, currency)).join(", ") || "–";
}

function row(payout) {
  const line = document.createElement("tr");
  const arrives = new Date(payout.arrival_date * 1000).toLocaleDateString();
  for (const text of [arrives, payout.status.replace("_", " "), spellMoney(payout.amount, payout.currency)]) {
    const cell = document.createElement("td");
    cell.textContent = text;
    line.append(cell);
  }
  line.lastChild.className = "amount";
  return line;
}

/** Do it with the button held down, and say what went wrong. */
async function attempt(work, button) {
  const told = section.querySelector("[role=alert]");
  told.textContent = "";
  if (button) button.disabled = true;
  try {
    await work();
  } catch (error) {
    told.textContent = error.message;
  }
  if (button) button.disabled = false;
}

remember();
if (section) {
  for (const [name, work] of Object.entries({ onboard, dashboard: openDashboard, look })) {
    const button = part(name);
    if (!button) continue;
    button.addEventListener("click", () => attempt(work, button));
    button.disabled = false; // until now a press would have gone unheard
  }
  if (section.dataset.account) attempt(lookOrRegister);
}
