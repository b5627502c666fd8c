"""What an operator asks: why, the timeline, the diagnosis of a deployment."""
