"""The sandbox's pages: dashboard, onboarding, 3-D Secure, Stripe.js."""
