"""Signatures of webhooks, as Standard Webhooks 1.0 has them: HMAC-SHA256 over id, timestamp and body."""

from __future__ import annotations

import base64
import hashlib
import hmac


def signing_key(secret: str, address: str) -> bytes:
    """The key of one URL: whoever knows it can sign for nobody else."""
    return hmac.digest(secret.encode(), address.encode(), hashlib.sha256)


def shown_key(secret: str, address: str) -> str:
    """The key as its receiver is given it, in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(signing_key(secret, address)).decode()


def signature(key: bytes, message_id: str, at_s: int, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks; `at_s` is in seconds since 1970, so that a replay is seen for one."""
    signed = f"{message_id}.{at_s}.".encode() + body
    code = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return {"webhook-id": message_id, "webhook-timestamp": str(at_s), "webhook-signature": f"v1,{code}"}
