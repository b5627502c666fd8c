"""The shape of every request and response, in marshmallow: what the front end sends, and what it reads."""
