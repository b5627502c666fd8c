"""The tests, by what they promise: see docs/testing.md."""
