"""The sandbox's state in a file: as JSON, written whole or not at all, and read back at the next start."""
