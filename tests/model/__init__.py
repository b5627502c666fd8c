"""A model of the money, searched state by state."""
