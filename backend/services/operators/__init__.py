"""Answers for operators: why, the timeline, the diagnosis of a deployment."""
