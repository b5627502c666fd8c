// The purchases of the last day in this browser, so that buying the same again is noticed. Kept: which payment, of what,
// and when it was first seen. No secret, and nothing about a card.

const KEPT_MILLISECONDS = 86_400_000;
const PREFIX = "bought ";

/** Remember that `what` was bought by a payment. Seen again, the payment keeps its first moment. */
export function rememberPurchase(what, payment) {
  if (recall(what)?.payment === payment) return;
  attempt(() => localStorage.setItem(PREFIX + what, JSON.stringify({ payment, at: Date.now() })));
}

/** Forget it, if that payment is the one that is remembered: it was given back. */
export function forgetPurchase(what, payment) {
  if (recall(what)?.payment === payment) attempt(() => localStorage.removeItem(PREFIX + what));
}

/** The last purchase of `what` within a day: `{payment, at}` with unix milliseconds; null if there is none. */
export function recall(what) {
  attempt(clearOld);
  return attempt(() => read(PREFIX + what)) ?? null;
}

function clearOld() {
  for (const name of Object.keys(localStorage).filter((one) => one.startsWith(PREFIX))) {
    if (!(Date.now() - read(name)?.at < KEPT_MILLISECONDS)) localStorage.removeItem(name);
  }
}

const read = (name) => JSON.parse(localStorage.getItem(name));

/** A browser may keep nothing, by its owner's wish: then nothing is noticed, and everything else works. */
function attempt(work) {
  try {
    return work();
  } catch {
    return undefined;
  }
}
