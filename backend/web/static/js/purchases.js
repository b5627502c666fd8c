// The purchases that this browser made here, so that buying the same again is noticed. Kept: which payment, of what, and
// when it was first seen. No secret, and nothing about a card.

const nameOf = (what) => `bought ${what}`;

/** Remember that `what` was bought by a payment. Seen again, the payment keeps its first moment. */
export function rememberPurchase(what, payment) {
  if (recall(what)?.payment === payment) return;
  attempt(() => localStorage.setItem(nameOf(what), JSON.stringify({ payment, at: Date.now() })));
}

/** Forget it, if that payment is the one that is remembered: it was given back. */
export function forgetPurchase(what, payment) {
  if (recall(what)?.payment === payment) attempt(() => localStorage.removeItem(nameOf(what)));
}

/** The last purchase of `what`: `{payment, at}` with unix milliseconds; null if there is none. */
export function recall(what) {
  return attempt(() => JSON.parse(localStorage.getItem(nameOf(what)))) ?? null;
}

/** A browser may keep nothing, by its owner's wish: then nothing is noticed, and everything else works. */
function attempt(work) {
  try {
    return work();
  } catch {
    return undefined;
  }
}
