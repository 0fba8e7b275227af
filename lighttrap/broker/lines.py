"""The text of Mosquitto's password file and ACL file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lighttrap import brokersecret, topics
from lighttrap.broker.services import rights
from lighttrap.model import TrapLogin

HEAD = "# Written by `lighttrap broker` from the database; what is changed here is lost.\n"


def passwords(logins: Sequence[TrapLogin], secrets: Mapping[str, str], before: str) -> str:
    """The password file. A service's line is kept from the file `before` while it fits, or each text would differ."""
    known = dict(line.split(":", 1) for line in before.splitlines() if ":" in line and not line.startswith("#"))
    own = ((service, _kept(known.get(service, ""), secret)) for service, secret in secrets.items())
    traps = ((login.trap_id, login.secret_hash) for login in logins)
    return HEAD + "".join(f"{name}:{kept}\n" for name, kept in (*own, *traps))


def acl(logins: Sequence[TrapLogin], services: Sequence[str]) -> str:
    """The ACL file: for each name exactly its topics. What no line allows is denied."""
    lines = [HEAD]
    for service in services:
        lines += [f"user {service}\n", *(f"{right}\n" for right in rights(service))]
    for login in logins:
        lines += [f"user {login.trap_id}\n", *_trap_rights(login)]
    return "".join(lines)


def _kept(line: str, secret: str) -> str:
    return line if brokersecret.fits(secret, line) else brokersecret.hashed(secret)


def _trap_rights(login: TrapLogin) -> Iterator[str]:
    # Ids come from the database, which holds them to the grammar; parsing 60,000 topics anew would take a second.
    for kind in topics.Kind:
        what = "write" if kind in topics.UP else "read"
        yield f"topic {what} {topics.PREFIX}/{login.org_id}/{login.trap_id}/{kind}\n"
