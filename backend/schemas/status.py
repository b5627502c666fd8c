"""Answers to machines: Stripe's deliveries, probes, and the front end's connection check."""

from __future__ import annotations

from marshmallow import Schema, fields


class Received(Schema):
    """A webhook was taken."""

    received = fields.Constant(True)


class Alive(Schema):
    """The state of the backend."""

    status = fields.String(required=True)
    timestamp = fields.String(required=True)
    environment = fields.String()


class Tested(Schema):
    """The answer to the connection check."""

    message = fields.String(required=True)
    timestamp = fields.String(required=True)
    stripe_configured = fields.Boolean(required=True, data_key="stripeConfigured")
