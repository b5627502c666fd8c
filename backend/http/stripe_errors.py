"""Classes of the SDK's errors that no call of this backend is answered with; the map of failures has them all the same."""

from __future__ import annotations

import stripe
from stripe import oauth_error

# Errors of Stripe's v2 API. Nothing here calls it; should something, its errors say nothing about money.
STRIPE_V2 = (
    stripe.StripeErrorWithParamCode,
    stripe.AlreadyCanceledError,
    stripe.BlockedByStripeError,
    stripe.CannotProceedError,
    stripe.CapabilityNotEnabledError,
    stripe.ControlledByAlternateResourceError,
    stripe.FeatureNotEnabledError,
    stripe.FinancialAccountNotOpenError,
    stripe.FxQuoteNeedsRefreshError,
    stripe.InsufficientFundsError,
    stripe.InvalidPaymentMethodError,
    stripe.InvalidPayoutMethodError,
    stripe.InvalidVaultedCredentialError,
    stripe.NotCancelableError,
    stripe.QuotaExceededError,
    stripe.RecipientNotNotifiableError,
    stripe.TemporarySessionExpiredError,
    stripe.VerificationAttemptFailedError,
    stripe.VerificationExpiredError,
    stripe.VerificationNotInitiatedError,
)

# Errors of OAuth, by which Standard accounts connect. Express accounts do not.
STRIPE_OAUTH = (
    oauth_error.OAuthError,
    oauth_error.InvalidClientError,
    oauth_error.InvalidGrantError,
    oauth_error.InvalidRequestError,
    oauth_error.InvalidScopeError,
    oauth_error.UnsupportedGrantTypeError,
    oauth_error.UnsupportedResponseTypeError,
)
