// The coach's page: leads to Stripe. What it shows the server has read.

import { configure, createConnectAccount, createLoginLink } from "./paymentService.js";

configure({ backendUrl: "" });

const section = document.querySelector("#coach");

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

/** Do it with the button held down, and say what went wrong. */
async function attempt(work, button) {
  const told = section.querySelector("[role=alert]");
  told.textContent = "";
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    told.textContent = error.message;
  }
  button.disabled = false;
}

remember();
if (section) {
  for (const [name, work] of Object.entries({ onboard, dashboard: openDashboard })) {
    const button = section.querySelector(`[data-${name}]`);
    if (!button) continue;
    button.addEventListener("click", () => attempt(work, button));
    button.disabled = false; // until now a press would have gone unheard
  }
}
