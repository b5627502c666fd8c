"""Pure decisions, by value."""
