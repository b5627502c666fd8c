"""Settlement: bringing what a coach holds to what the coach should hold."""
