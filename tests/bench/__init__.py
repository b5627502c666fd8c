"""The benchmark, and its own tests."""
