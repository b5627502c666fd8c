"""The control path: what a test or a developer makes happen."""
