"""The requests of the front ends' screens, and what they rely on, runnable against any backend."""
