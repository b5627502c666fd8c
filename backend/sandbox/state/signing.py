"""The Stripe-Signature header."""

import hashlib
import hmac
from collections.abc import Iterable


def signature_header(body: bytes, secrets: Iterable[str], timestamp: int) -> str:
    """`t=…,v1=…[,v1=…],v0=…`: one v1 per active secret, and the meaningless v0 that test mode adds.

    The key is the whole `whsec_…` string; the message is the timestamp, a full stop and the raw body.
    """
    message = f"{timestamp}.".encode() + body
    signatures = [f"v1={_hmac(secret, message)}" for secret in secrets]
    return ",".join([f"t={timestamp}", *signatures, f"v0={_hmac('test mode', message)}"])


def _hmac(key: str, message: bytes) -> str:
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()
