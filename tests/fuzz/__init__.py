"""A fuzz of the production server and of the sandbox, over real sockets: ``make fuzz``.

Each request follows from the seed and its number alone, so one that fails can be sent again by itself. hypothesis, which the
tests have, runs one example after another and sends a failing one many times to make it smaller; schemathesis makes requests
from the OpenAPI document alone, and through a client library that cannot send what is no HTTP. Most of what strangers send
is in neither: framing, bytes, tokens, signed events, and Stripe's own forms. So requests are made here.
"""
