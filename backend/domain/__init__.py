"""Pure decisions: values in, values out. No Flask, no Stripe, no clock, no I/O."""
