"""The sandbox's HTTP: requests, parameters, answers, idempotency, faults."""
