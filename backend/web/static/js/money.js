// The money map looks again by itself while somebody is looking. The server draws; here only what changed is put in place.

const EVERY_MILLISECONDS = 2_000;
const SLOWEST_MILLISECONDS = 30_000;
const live = document.querySelector("#live");
let shown = document.querySelector("#money").innerHTML;
let pause = EVERY_MILLISECONDS;
let timer;

async function look() {
  clearTimeout(timer);
  if (document.hidden) return;
  try {
    const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
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
  document.querySelector("#money").replaceWith(document.adoptNode(fresh));
}

function say(text) {
  if (live.textContent !== text) live.textContent = text;
}

document.addEventListener("visibilitychange", look);
addEventListener("online", look);
timer = setTimeout(look, pause);
