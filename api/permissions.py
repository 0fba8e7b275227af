"""Who may do what: the one table, and the one place that asks it.

All that belongs to an org lies below `/v1/orgs/{org_id}`. Whoever has no role there is told that the org does not
exist; whoever has one, and may not do what they ask for, is told that. What belongs to no org is of everybody who is
signed in, of a person and not of a token, or of admins of every org; the last lies below `/v1/admin`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from lighttrap.errors import Forbidden, NotFound
from lighttrap.model import Caller, Role


class Permission(StrEnum):
    """What a route needs."""

    SEE = "see"
    """Fields, traps, catches, readings, rules and alerts."""
    SEE_LOSSES = "see losses"
    """The ledger, gaps and quarantine."""
    REPLAY = "replay"
    """Take up again what lies in quarantine."""
    KEEP_TRAPS = "keep traps"
    """Register, provision, move and retire traps."""
    VISIT = "visit"
    """Write down visits to traps."""
    CORRECT = "correct"
    """Put a verified count beside the machine's."""
    KEEP_FIELDS = "keep fields"
    SET_RULES = "set rules"
    WORK_ALERTS = "work alerts"
    """Acknowledge, assign, comment."""
    APPROVE = "approve"
    """Let farmers be told, or not."""
    KEEP_RECIPIENTS = "keep recipients"
    """Who is told of alerts, of what, and what became of each message; addresses masked."""
    KEEP_PEOPLE = "keep people"
    """Users and tokens of the org."""
    SEE_AUDIT = "see audit"


_SEE = frozenset({Permission.SEE, Permission.SEE_LOSSES})
_STAFF = _SEE | {Permission.VISIT, Permission.CORRECT, Permission.WORK_ALERTS}
ALLOWED: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.SEE}),
    Role.SERVICE: _SEE,
    Role.TECHNICIAN: _STAFF | {Permission.KEEP_TRAPS},
    Role.AGRONOMIST: _STAFF | {
        Permission.REPLAY, Permission.KEEP_FIELDS, Permission.SET_RULES, Permission.APPROVE,
        Permission.KEEP_RECIPIENTS,
    },
    Role.ADMIN: frozenset(Permission),
}  # fmt: skip


def may(caller: Caller, org_id: str, permission: Permission) -> bool:
    """Whether the caller may do that in this org."""
    role = caller.roles.get(org_id)
    return role is not None and permission in ALLOWED[role]


def require(caller: Caller, org_id: str, permission: Permission) -> None:
    """Raises NotFound when the org does not exist for the caller, Forbidden when the caller may not do that in it."""
    role = caller.roles.get(org_id)
    if role is None:
        raise NotFound(f"there is no org {org_id}")
    if permission not in ALLOWED[role]:
        raise Forbidden(f"as {role} of {org_id} you may not {permission}")


def require_person(caller: Caller) -> int:
    """The account of a caller. Raises Forbidden for a token, which is no person."""
    if caller.account_id is None:
        raise Forbidden("a token has no password and no sessions; log in")
    return caller.account_id


def require_admin_of_all(caller: Caller) -> None:
    """Raises Forbidden unless the caller is an account that is admin of every org. A token never is."""
    if not caller.is_admin:
        raise Forbidden("only an admin of every org may do that")
