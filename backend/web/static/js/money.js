// The money map: a slider through the payment's life, and a page that looks again by itself while somebody is looking. The
// server draws every moment; here one of them is shown, and what changed is put in place.

const EVERY_MILLISECONDS = 2_000;
const SLOWEST_MILLISECONDS = 30_000;
const live = document.querySelector("#live");
let shown = document.querySelector("#money").innerHTML;
let pause = EVERY_MILLISECONDS;
let timer;
// The moment that the visitor chose; null: whichever is the last.
let chosen = null;

async function look() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const answer = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(String(answer.status));
    show(new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#money"));
    pause = EVERY_MILLISECONDS;
    say("This page looks again by itself.");
  } catch {
    pause = Math.min(pause * 2, SLOWEST_MILLISECONDS);
    say("Not connected. What you see may be old; trying again.");
  }
  timer = setTimeout(look, pause);
}

function show(fresh) {
  if (fresh.innerHTML === shown) return;
  shown = fresh.innerHTML;
  const focused = document.activeElement?.id;
  document.querySelector("#money").replaceWith(document.adoptNode(fresh));
  begin();
  if (focused) document.getElementById(focused)?.focus();
}

function say(text) {
  if (live.textContent !== text) live.textContent = text;
}

/** Bring the slider and the list of moments to life. */
function begin() {
  const slider = document.querySelector("#moment");
  if (!slider) return;
  slider.parentElement.hidden = false;
  slider.addEventListener("input", () => choose(Number(slider.value)));
  document.querySelector("#earlier").addEventListener("click", () => choose(Number(slider.value) - 1));
  document.querySelector("#later").addEventListener("click", () => choose(Number(slider.value) + 1));
  for (const link of document.querySelectorAll(".moments a")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      choose(Number(link.dataset.moment));
    });
  }
  choose(chosen ?? Number(slider.value));
}

function choose(number) {
  const slider = document.querySelector("#moment");
  const last = Number(slider.max);
  const moment = Math.min(Math.max(number, 1), last);
  chosen = moment === last ? null : moment;
  slider.value = String(moment);
  document.querySelector("#earlier").disabled = moment === 1;
  document.querySelector("#later").disabled = moment === last;
  for (const figure of document.querySelectorAll("figure.moment")) {
    figure.hidden = Number(figure.dataset.moment) !== moment;
    if (!figure.hidden) slider.setAttribute("aria-valuetext", figure.querySelector("figcaption").innerText);
  }
  for (const link of document.querySelectorAll(".moments a")) {
    if (Number(link.dataset.moment) === moment) link.setAttribute("aria-current", "step");
    else link.removeAttribute("aria-current");
  }
}

document.addEventListener("visibilitychange", look);
addEventListener("online", look);
begin();
timer = setTimeout(look, pause);
