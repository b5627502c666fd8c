"""Random histories of everything that can happen to money, and an oracle that works out what is right by itself."""
