"""Signing up: codes of fields, and people who asked to be told and have yet to prove that the number is theirs.

A sign-up is proved by six digits that are sent to the number. Their text waits here for the notifier, leased like a
delivery, and is gone as soon as it was handed over.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from psycopg.rows import class_row

from lighttrap import sql
from lighttrap.errors import NotFound
from lighttrap.store.pool import Connection

_SQL = sql.load("signups")
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that are taken for one another on a sheet."""
VALID: Final = timedelta(minutes=15)
"""So long the six digits can be given."""
TRIES: Final = 5
_FAILED_REST_S = (5, 15, 45, 120)


@dataclass(frozen=True, slots=True)
class SignupCode:
    """A field's code as it stands on its sheet."""

    code: str
    org_id: str
    field_id: str
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Sheet:
    """What anybody may know of the field with a code, and who sends its messages."""

    code: str
    org_id: str
    field_id: str
    field_name: str
    commune: str | None
    org_name: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """How many sign-ups there were in a day: for a number, from a source, and in all."""

    by_address: int
    by_source: int
    in_all: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for: how they are reached, in which language, and the words they agreed to."""

    code: str
    source: str
    channel: str
    address: str
    language: str
    accents: bool
    consent: str


@dataclass(frozen=True, slots=True)
class Proved:
    """A sign-up whose number is its owner's."""

    signup_id: int
    number_sha: bytes
    channel: str
    address: str
    language: str
    accents: bool
    consent: str


@dataclass(frozen=True, slots=True)
class DueCode:
    """A message with six digits, leased for one attempt."""

    signup_id: int
    key: UUID
    address: str
    text: str
    org_id: str
    attempts: int
    lease_token: UUID


def make_code(conn: Connection, org_id: str, field_id: str, created_by: str) -> SignupCode:
    """A new code for a field of the org; the one before opens nothing any more. The caller has seen the field."""
    code = "".join(secrets.choice(_LETTERS) for _ in range(12))
    values = {"org_id": org_id, "field_id": field_id, "created_by": created_by, "code": code}
    conn.execute(_SQL["replace_code"], values)
    conn.execute(_SQL["add_code"], values)
    return code_of_field(conn, org_id, field_id)


def code_of_field(conn: Connection, org_id: str, field_id: str) -> SignupCode:
    """The code that is in force for a field. Raises NotFound."""
    values = {"org_id": org_id, "field_id": field_id}
    found = conn.cursor(row_factory=class_row(SignupCode)).execute(_SQL["code_of_field"], values).fetchone()
    if found is None:
        raise NotFound(f"field {field_id} has no code to sign up by")
    return found


def sheet(conn: Connection, code: str) -> Sheet:
    """The field with this code. Raises NotFound, for a code that was replaced too."""
    found = conn.cursor(row_factory=class_row(Sheet)).execute(_SQL["sheet"], {"code": code}).fetchone()
    if found is None:
        raise NotFound("there is no such code")
    return found


def asked(conn: Connection, address: str, source: str, now: datetime) -> Asked:
    """How often was asked in the last day. Nobody else signs up until the transaction ends; old ones are forgotten."""
    conn.execute(_SQL["one_at_a_time"])
    conn.execute(_SQL["forget"], {"now": now})
    values = {"address": address, "source": source, "now": now}
    [found] = conn.cursor(row_factory=class_row(Asked)).execute(_SQL["asked"], values).fetchall()
    return found


def new_secret() -> str:
    """What the form carries that asks for the six digits."""
    return secrets.token_urlsafe(16)


def new_number() -> str:
    """Six digits."""
    return f"{secrets.randbelow(1_000_000):06}"


def add_signup(conn: Connection, wish: Wish, secret: str, number: str, text: str, now: datetime) -> None:
    """Queues the message with the number; it is proved by secret and number together."""
    values = {
        "code": wish.code, "source": wish.source, "channel": wish.channel, "address": wish.address,
        "language": wish.language, "accents": wish.accents, "consent": wish.consent, "text": text,
        "secret_sha": _sha(secret), "number_sha": _sha(f"{secret}:{number}"), "now": now, "expires_at": now + VALID,
    }  # fmt: skip
    conn.execute(_SQL["add_signup"], values)


def prove(conn: Connection, code: str, secret: str, number: str, now: datetime) -> Proved | None:
    """The sign-up of a secret if the number fits; each asking counts, so commit in either case.

    None for a wrong number, too many tries, one that has expired or was used, and a secret that never was.
    """
    conn.execute(_SQL["one_at_a_time"])
    values = {"secret_sha": _sha(secret), "code": code, "tries": TRIES, "now": now}
    found = conn.cursor(row_factory=class_row(Proved)).execute(_SQL["try_number"], values).fetchone()
    if found is None or not hmac.compare_digest(found.number_sha, _sha(f"{secret}:{number}")):
        return None
    conn.execute(_SQL["confirm"], {"signup_id": found.signup_id, "now": now})
    return found


def lease(conn: Connection, channel: str, now: datetime, lease_s: float) -> DueCode | None:
    """The next message of a channel, for one attempt; ends those whose lease ran out or that have expired.

    Forgets what is two days old, so that no number stays because nobody else has asked since.
    """
    conn.execute(_SQL["forget"], {"now": now})
    conn.execute(_SQL["end_late"], {"now": now})
    values = {"channel": channel, "now": now, "lease_until": now + timedelta(seconds=lease_s), "token": uuid4()}
    return conn.cursor(row_factory=class_row(DueCode)).execute(_SQL["lease"], values).fetchone()


def record(conn: Connection, due: DueCode, outcome: str, now: datetime) -> None:
    """Writes down what came of an attempt: only what surely was not taken is tried again, some times."""
    state = {"sent": "sent", "unknown": "unknown", "failed": "failed"}.get(outcome, "dead")
    if state == "failed" and due.attempts > len(_FAILED_REST_S):
        state = "dead"
    rest = timedelta(seconds=_FAILED_REST_S[due.attempts - 1]) if state == "failed" else None
    values = {
        "signup_id": due.signup_id, "token": due.lease_token, "state": state,
        "next_try_at": now + rest if rest else None,
    }  # fmt: skip
    conn.execute(_SQL["record"], values)


def _sha(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="replace")).digest()
