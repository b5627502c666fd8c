"""Logs, metrics and the watch over the clock."""
