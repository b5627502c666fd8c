"""Documents, settings, commands and the rules of the house, compared with the code."""
