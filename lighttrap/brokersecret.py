"""Secrets by which traps and programs log in at the broker, kept as Mosquitto's password file keeps them.

`$7$iterations$salt$hash`: PBKDF2 with SHA-512, a salt of 12 bytes, which is all that Mosquitto 2.0 takes. It hashes
once for every connected client at each reload; a secret of 160 random bits needs no hash that is slow.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
"""32 characters that people do not take for each other: no l, o, 0 and 1."""
LENGTH = 32
_ITERATIONS = 101  # as mosquitto_passwd of 2.0 has it
_SALT_BYTES = 12


def new_secret() -> str:
    """160 random bits as text that can be typed."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def hashed(secret: str) -> str:
    """What is kept of a secret, in the form of Mosquitto's password file."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return f"$7${_ITERATIONS}${_text(salt)}${_text(_digest(secret, salt, _ITERATIONS))}"


def fits(secret: str, kept: str) -> bool:
    """Whether this is the secret that was kept."""
    try:
        _, kind, iterations, salt, digest = kept.split("$")
        if kind != "7":
            return False
        found = _digest(secret, base64.b64decode(salt, validate=True), int(iterations))
        return hmac.compare_digest(found, base64.b64decode(digest, validate=True))
    except (ValueError, binascii.Error):
        return False


def _digest(secret: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, iterations)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
