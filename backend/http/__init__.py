"""The HTTP around the routes: requests, errors, authentication, limits, admission."""
