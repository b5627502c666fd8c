"""Front-end services, pages and their types."""
