"""The comparison of two versions of the backend, by what they answer and by what they ask of Stripe."""
