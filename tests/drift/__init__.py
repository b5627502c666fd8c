"""Whether the sandbox has drifted from Stripe: scenarios played on both, and what each shows of them."""
