import type { CallOptions } from "./paymentRequest.js";
import type { NewAccount, NewCoach, Transfer } from "./paymentService.js";

export interface LinkWishes {
  /** Where the coach comes back to: an address of the backend's `APP_URL` or of an allowed origin. */
  return_url?: string;
  /** Where the coach goes whose link was used already, to be given a fresh one. */
  refresh_url?: string;
  /** The coach's registered address, for backends where nobody signs in. */
  email?: string;
}

export interface OnboardingLink {
  url: string;
  expires_at: number;
}

export interface CoachOnboardingLink extends OnboardingLink {
  account: { id: string; type: string; country: string | null; email: string | null };
}

/** A coach is ready when `onboardingCompleted`, `chargesEnabled` and `payoutsEnabled` are all true. */
export interface CoachStatus {
  coachId: string;
  accountType: string;
  country: string | null;
  chargesEnabled: boolean;
  payoutsEnabled: boolean;
  detailsSubmitted: boolean;
  onboardingCompleted: boolean;
  /** ISO 8601, as `updatedAt`, which Stripe does not tell. */
  createdAt: string | null;
  updatedAt: string | null;
  /** This and what follows is `null` for whoever is not signed in. */
  stripeAccountId: string | null;
  email: string | null;
  businessProfile: Record<string, unknown> | null;
  /** In sentences for the coach. */
  requirements: { currentlyDue: string[]; disabledReason: string | null } | null;
}

export interface CoachTransfer {
  id: string;
  transfer_id: string;
  amount: number;
  /** What came back of it: the coach keeps the difference. */
  amount_reversed: number;
  currency: string;
  status: Transfer["status"];
  description: string | null;
  /** ISO 8601. */
  created_at: string;
  metadata: {
    payment_intent_id: string | null;
    player_id: string | null;
    playerName: string | null;
    sport: string | null;
    packageType: string | null;
    packageId: string | null;
  };
}

/** Amounts in the smallest unit of `currency`, of all transfers, however many were listed. */
export interface EarningsSummary {
  totalEarnings: number;
  pendingEarnings: number;
  totalCustomers: number;
  totalTransfers: number;
  currency: string;
  earningsByCurrency: Record<string, number>;
  /** Whether there is more than could be looked at. */
  partial: boolean;
}

export type CoachTransfers = CoachTransfer[] & { summary: EarningsSummary };

/** A coach's one account, with a fresh link to complete it. */
export declare function startOnboarding(coach: NewCoach, options?: CallOptions): Promise<NewAccount>;

/** A fresh link to complete an account. It opens once: ask for it when it is clicked. */
export declare function createOnboardingLink(
  accountId: string,
  wishes?: LinkWishes,
  options?: CallOptions,
): Promise<OnboardingLink>;

/** The same for a coach, with the account that it is for. */
export declare function getCoachOnboardingLink(
  coachId: string,
  wishes?: LinkWishes,
  options?: CallOptions,
): Promise<CoachOnboardingLink>;

/** Whether a coach can be paid, and what is still to do; `null` for a coach who has no account. */
export declare function getCoachStatus(coachId: string, options?: CallOptions): Promise<CoachStatus | null>;

/** What a coach was sent, newest first, with the totals of all of it. */
export declare function getCoachTransfers(
  coachId: string,
  query?: { limit?: number },
  options?: CallOptions,
): Promise<CoachTransfers>;
