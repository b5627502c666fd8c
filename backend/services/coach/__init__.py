"""Coaches: their accounts, onboarding and registry."""
