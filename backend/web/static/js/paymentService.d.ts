import type { CallOptions, KeyedCallOptions } from "./paymentRequest.js";

export {
  createOnboardingLink,
  getCoachOnboardingLink,
  getCoachStatus,
  getCoachTransfers,
  startOnboarding,
} from "./paymentCoaches.js";
export type {
  CoachOnboardingLink,
  CoachStatus,
  CoachTransfer,
  CoachTransfers,
  EarningsSummary,
  LinkWishes,
  OnboardingLink,
} from "./paymentCoaches.js";
export { ErrorCode, PaymentError } from "./paymentError.js";
export type { PaymentErrorCode, PaymentErrorFacts } from "./paymentError.js";
export type { CallOptions, KeyedCallOptions } from "./paymentRequest.js";
export { configure, createConfig, createKey, decimalsOf, formatAmount, getConfig } from "./stripeConfig.js";
export type { AuthToken, Config, ConfigChanges, FormatChoices } from "./stripeConfig.js";

/** Amounts are whole numbers of the currency's smallest unit; times are unix seconds unless they are strings. */
interface Purchase {
  coachId: string;
  coachName: string;
  /** A sport of the backend's catalogue, in any case when a session is confirmed. */
  sport: string;
}

/** A package is named by its id; a subscription has none, and whatever stands there is ignored. */
export type Order = (
  | (Purchase & { packageType: "package"; packageId: number | string })
  | (Purchase & { packageType: "subscription"; packageId?: number | string | null })
) & {
  customerEmail?: string | null;
  customerName?: string | null;
  playerId?: string | null;
  playerName?: string | null;
};

/** The order as it was bought; who bought it is not compared. */
export type SessionData = Order;

/** One thing that a player can buy; a subscription has no `packageId`. */
export interface Package {
  sport: string;
  packageType: "package" | "subscription";
  packageId: number | null;
  clips: number;
  days: number;
  price: number;
  /** What the coach's share waits for, for how many days at most, and how many days after the delivery it is sent. */
  release: "at_once" | "after_days" | "on_delivery";
  releaseDays: number;
  releaseGraceDays: number;
}

export interface PriceList {
  currency: string;
  /** The platform's part of each payment. */
  platformFeePercentage: number;
  /** What the operator says of refunds, to be shown before paying; null where nothing is said. */
  refundTerms: string | null;
  sports: string[];
  packages: Package[];
}

/** Stripe's words for where a payment is. */
export type PaymentStatus =
  | "requires_payment_method"
  | "requires_confirmation"
  | "requires_action"
  | "processing"
  | "requires_capture"
  | "canceled"
  | "succeeded";

export interface NewPaymentIntent {
  id: string;
  /** For Stripe.js or the PaymentSheet; whoever has it can pay this intent. */
  client_secret: string;
  amount: number;
  currency: string;
  status: PaymentStatus;
  packageInfo: { clips: number; days: number; price: number };
  /** `platformFee + coachAmount === totalAmount`. */
  feeBreakdown: { totalAmount: number; platformFee: number; coachAmount: number };
}

export interface PaymentIntentStatus {
  id: string;
  status: PaymentStatus;
  amount: number;
  currency: string;
  metadata: Record<string, string>;
}

export interface Session {
  id: string;
  paymentIntentId: string;
  coachId: string;
  coachName: string;
  sport: string;
  packageType: "package" | "subscription";
  packageId: number | null;
  amount: number;
  currency: string;
  clipsRemaining: number;
  clipsUploaded: number;
  /** ISO 8601, as `createdAt`. */
  sessionExpiry: string;
  status: "active";
  createdAt: string;
  messages: string[];
}

export type RefundReason = "duplicate" | "fraudulent" | "requested_by_customer";

export interface RefundDetails {
  /** Default `"requested_by_customer"`. */
  reason?: RefundReason;
  /** All that is left when absent. */
  amount?: number | null;
}

export interface Refund {
  id: string;
  amount: number;
  status: "pending" | "requires_action" | "succeeded" | "failed" | "canceled";
  reason: RefundReason;
}

/** From when the coach's share may be sent; the times are ISO 8601. */
export interface Release {
  paymentIntentId: string;
  released: boolean;
  deliveredAt: string | null;
  releaseAt: string | null;
}

export interface NewCoach {
  coachId: string;
  coachName: string;
  email: string;
  sport: string;
  /** Two capital letters; default `"CA"`. */
  country?: string;
  /** Default `"individual"`. */
  businessType?: "individual" | "company";
}

interface BareAccount {
  id: string;
  type: string;
  country: string;
  email: string | null;
  charges_enabled: boolean;
  payouts_enabled: boolean;
  details_submitted: boolean;
  /** What Stripe still asks for, and why it stopped the account if it did. */
  requirements: { currently_due: string[]; disabled_reason: string | null };
}

export interface NewAccount extends BareAccount {
  onboardingLink: { url: string; expires_at: number };
}

export interface UpdatedAccount extends BareAccount {
  business_profile: Record<string, unknown>;
}

export interface Account extends UpdatedAccount {
  created: number;
}

export interface AccountChanges {
  business_profile?: {
    name?: string;
    url?: string;
    support_email?: string;
    support_phone?: string;
    support_url?: string;
  };
  individual?: {
    first_name?: string;
    last_name?: string;
    email?: string;
    phone?: string;
    address?: {
      line1?: string;
      line2?: string;
      city?: string;
      state?: string;
      postal_code?: string;
      country?: string;
    };
    dob?: { day: number; month: number; year: number };
  };
}

export interface LoginLink {
  url: string;
  /** Always `null`: Stripe does not say. */
  expires_at: number | null;
}

export interface TransferClaim {
  paymentIntentId: string;
  coachAccountId: string;
  /** What the player paid; the platform's fee comes off it. */
  amount: number;
  description?: string;
}

export interface Transfer {
  id: string;
  amount: number;
  currency: string;
  destination: string;
  status: "paid" | "partially_reversed" | "reversed";
  created: number;
}

export interface Funds {
  amount: number;
  currency: string;
  source_types?: Record<string, number>;
}

export interface Balance {
  available: Funds[];
  pending: Funds[];
  instant_available: Funds[];
}

export interface PayoutsQuery {
  /** 1 to 100; default 10. */
  limit?: number;
  /** The id of the last payout of the page before. */
  starting_after?: string;
}

export interface Payout {
  id: string;
  amount: number;
  currency: string;
  status: "paid" | "pending" | "in_transit" | "canceled" | "failed";
  arrival_date: number;
  created: number;
  description: string | null;
}

/** A page is an array that also says whether there are more. */
export type PayoutsPage = Payout[] & { has_more: boolean };

export interface BackendStatus {
  message: string;
  timestamp: string;
  stripeConfigured: boolean;
}

/** Begins a purchase. Give the intent's `client_secret` to Stripe.js or the PaymentSheet. */
export declare function createPaymentIntent(order: Order, options?: KeyedCallOptions): Promise<NewPaymentIntent>;

/** The same purchase, only from a coach who has an account already. */
export declare function createDestinationCharge(order: Order, options?: KeyedCallOptions): Promise<NewPaymentIntent>;

/** What is for sale, at which prices. */
export declare function getPackages(options?: CallOptions): Promise<PriceList>;

/** The coaching session that a payment opened: the same one however often it is asked for. */
export declare function confirmPaymentIntent(
  paymentIntentId: string,
  sessionData: SessionData,
  options?: CallOptions,
): Promise<Session>;

/** A payment as it is now. */
export declare function getPaymentIntentStatus(
  paymentIntentId: string,
  options?: CallOptions,
): Promise<PaymentIntentStatus>;

/** Gives a player money back: all that is left, or an amount. A string is the reason. */
export declare function createRefund(
  paymentIntentId: string,
  details?: RefundDetails | RefundReason,
  options?: KeyedCallOptions,
): Promise<Refund>;

/** Says that the coach has delivered what was bought: a kept share is released some days later. */
export declare function markDelivered(paymentIntentId: string, options?: CallOptions): Promise<Release>;

/** Says that the player accepts the work: the coach is paid at once. */
export declare function acceptDelivery(
  paymentIntentId: string,
  clientSecret?: string | null,
  options?: CallOptions,
): Promise<Release>;

/** A coach's one account, with a fresh link to complete it. */
export declare function createConnectAccount(coach: NewCoach, options?: CallOptions): Promise<NewAccount>;

/** A coach's account, with what Stripe still asks for. */
export declare function getConnectAccount(accountId: string, options?: CallOptions): Promise<Account>;

/** Prefills what the coach's onboarding will ask. */
export declare function updateConnectAccount(
  accountId: string,
  changes: AccountChanges,
  options?: CallOptions,
): Promise<UpdatedAccount>;

/** A link to the coach's Express dashboard. It opens once: ask for it when it is clicked. */
export declare function createLoginLink(accountId: string, options?: CallOptions): Promise<LoginLink>;

/** The coach's share of a payment, sent now if it was not yet. */
export declare function createTransfer(claim: TransferClaim, options?: CallOptions): Promise<Transfer>;

/** What a coach holds at Stripe. */
export declare function getAccountBalance(accountId: string, options?: CallOptions): Promise<Balance>;

/** One page of payouts, newest first. A number is the limit. */
export declare function getAccountPayouts(
  accountId: string,
  query?: PayoutsQuery | number,
  options?: CallOptions,
): Promise<PayoutsPage>;

/** Whether the backend answers, and whether it has a Stripe key. */
export declare function testBackendConnection(options?: CallOptions): Promise<BackendStatus>;
