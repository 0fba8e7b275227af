"""Persons: all that is held about somebody, found by number, address or login; to be given to them, or erased."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lighttrap import sql
from lighttrap.errors import NotFound
from lighttrap.store import erasure, recipients
from lighttrap.store.pool import Connection

_SQL = sql.load("persons")


@dataclass(frozen=True, slots=True)
class Person:
    """Under which numbers somebody is known: recipients by org and id, accounts, and open wishes to be told."""

    recipients: list[tuple[str, int]] = field(default_factory=list)
    accounts: list[int] = field(default_factory=list)
    forms: list[str] = field(default_factory=list)
    """How the address may be written, where it was given; else none."""
    signups: int = 0


def by_address(conn: Connection, address: str) -> Person:
    """Whoever has that telephone number, mail address, chat id or login, in any org. Raises NotFound."""
    forms = sorted({address.strip(), address.strip().lower(), *recipients.forms("sms", address)})
    found = [(str(org_id), int(one)) for org_id, one in conn.execute(_SQL["recipients_at"], {"forms": forms})]
    accounts = [int(one) for (one,) in conn.execute(_SQL["account_at"], {"login": address.strip().lower()})]
    [(signups,)] = conn.execute(_SQL["signups_at"], {"forms": forms}).fetchall()
    if not (found or accounts or signups):
        raise NotFound("nobody here has that number, address or login")
    return Person(found, accounts, forms, int(signups))


def recipient(conn: Connection, recipient_id: int) -> Person:
    """The recipient of that number. Raises NotFound."""
    found = conn.execute(_SQL["recipient"], {"recipient_id": recipient_id}).fetchall()
    if not found:
        raise NotFound("there is no such recipient")
    return Person(recipients=[(str(org_id), int(one)) for org_id, one in found])


def account(conn: Connection, account_id: int) -> Person:
    """The account of that number. Raises NotFound."""
    if not conn.execute(_SQL["account"], {"account_id": account_id}).fetchall():
        raise NotFound("there is no such account")
    return Person(accounts=[account_id])


def export(conn: Connection, person: Person) -> dict[str, Any]:
    """Everything held about them, as JSON; hashes of passwords and secrets are left out."""
    found: dict[str, Any] = {
        "recipients": [
            _one(conn, "all_of_recipient", recipient_id=recipient_id) for _, recipient_id in person.recipients
        ],
        "accounts": [_one(conn, "all_of_account", account_id=account_id) for account_id in person.accounts],
    }
    if person.forms:
        found["signups"] = _one(conn, "all_of_signups", forms=person.forms)
    return found


def erase(conn: Connection, person: Person) -> dict[str, dict[str, int]]:
    """Erases them; by whom, how many rows of what."""
    done = {f"recipient {one} of {org_id}": erasure.erase(conn, org_id, one) for org_id, one in person.recipients}
    done |= {f"account {one}": erasure.erase_account(conn, one) for one in person.accounts}
    if left := erasure.erase_signups(conn, person.forms) if person.forms else 0:
        done["wishes to be told"] = {"signups": left}
    return done


def _one(conn: Connection, name: str, **values: object) -> Any:  # noqa: ANN401 - any JSON
    [(found,)] = conn.execute(_SQL[name], values).fetchall()
    return found
