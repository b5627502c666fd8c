"""The sandbox's state: objects, money, time, events."""
