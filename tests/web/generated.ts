// Uses the client that openapi-typescript makes of /openapi.json. Compiled by test_generated.py, never run: each line
// below "@ts-expect-error" has to be refused, and everything else has to fit, without a cast.

import type { components, operations, paths } from "./api";

type Schemas = components["schemas"];
type Order = paths["/api/payments/create-intent"]["post"]["requestBody"]["content"]["application/json"];
type Placed = operations["create_intent"]["responses"][200]["content"]["application/json"];
type Query = operations["list_payouts"]["parameters"]["query"];

// The least that is asked for; what may be left out is left out.
const order: Order = { coachId: "c", coachName: "Dana", sport: "golf", packageType: "subscription" };
const whole: Order = { ...order, packageType: "package", packageId: 1, playerId: null, customerEmail: "a@b.ca" };
const refund: Schemas["RefundBody"] = { paymentIntentId: "pi_00000000" };
const coach: Schemas["CreateAccountRequest"] = { coachId: "c", coachName: "Dana", email: "a@b.ca", sport: "golf" };
const link: Schemas["OnboardingLinkRequest"] = {};
const first: Query = {};
const next: Query = { limit: 5, starting_after: "po_00000000" };

// What is answered is there.
export function shown(placed: Placed, session: Schemas["SessionResponse"], status: Schemas["StatusAccount"]): string {
  const secret: string = placed.paymentIntent.client_secret;
  const share: number = placed.feeBreakdown.coachAmount + placed.packageInfo.clips;
  const ready: boolean = status.onboardingCompleted && status.chargesEnabled && status.payoutsEnabled;
  const todo: string[] = status.requirements?.currentlyDue ?? [];
  const chosen: number | null = session.packageId;
  return [secret, share, ready, ...todo, chosen, session.sessionExpiry, session.messages.length].join();
}

export function earned(answer: Schemas["TransfersResponse"], account: Schemas["DatedAccount"]): number {
  const due: string[] = account.requirements.currently_due;
  const player: string | null | undefined = answer.transfers[0]?.metadata.playerName;
  return answer.summary.totalEarnings - due.length - (player?.length ?? 0);
}

export function told(failure: Schemas["ErrorBody"]): string {
  switch (failure.error) {
    case "Validation error":
      return failure.details ?? failure.message;
    case "Coach not ready for payments":
    case "Conflict":
      return failure.refund?.id ?? failure.status ?? failure.message;
    // @ts-expect-error no failure says this
    case "Validation eror":
      return "";
    default:
      return failure.message;
  }
}

// @ts-expect-error a coach has to be named
export const nobody: Order = { coachName: "Dana", sport: "golf", packageType: "package" };
// @ts-expect-error there is no such type of package
export const wrong: Order = { ...order, packageType: "gift" };

export const given = [order, whole, refund, coach, link, first, next];
