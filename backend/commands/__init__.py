"""The commands: what an operator or a newcomer types."""
