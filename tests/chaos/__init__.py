"""Chaos over sockets: servers that are killed while everything fails."""
