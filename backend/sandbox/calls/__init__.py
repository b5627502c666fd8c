"""Calls: each matched to its route, checked, carried out, and answered with what it asked to see."""
