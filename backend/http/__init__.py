"""What HTTP needs around the routes: requests, errors, authentication, limits, admission."""
