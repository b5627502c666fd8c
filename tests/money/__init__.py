"""Proofs: whatever happens, every coach holds exactly the share."""
