"""Image, several machines, nginx and Redis."""
