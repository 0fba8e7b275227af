"""What people may do in an org, by their role: the one table. The API decides by it, the dashboard draws by it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from lighttrap.model import Role


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
    KEEP_READINGS = "keep readings"
    """Decide for how long raw readings are kept."""
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


def allows(role: Role, permission: Permission) -> bool:
    """Whether a role may do that."""
    return permission in ALLOWED[role]
