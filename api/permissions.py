"""Who may do what: the one table, and the one place that asks it.

All that belongs to an org lies below `/v1/orgs/{org_id}`. Whoever has no role there is told that the org does not
exist; whoever has one, and may not do what they ask for, is told that.
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
    KEEP_TRAPS = "keep traps"
    """Register, move and retire traps."""
    KEEP_FIELDS = "keep fields"
    SET_RULES = "set rules"
    WORK_ALERTS = "work alerts"
    """Acknowledge, assign, comment."""
    KEEP_PEOPLE = "keep people"
    """Users and tokens of the org."""
    SEE_AUDIT = "see audit"


ALLOWED: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.SEE}),
    Role.SERVICE: frozenset({Permission.SEE, Permission.SEE_LOSSES}),
    Role.TECHNICIAN: frozenset(
        {Permission.SEE, Permission.SEE_LOSSES, Permission.KEEP_TRAPS, Permission.WORK_ALERTS}
    ),
    Role.AGRONOMIST: frozenset(
        {Permission.SEE, Permission.SEE_LOSSES, Permission.KEEP_FIELDS, Permission.SET_RULES, Permission.WORK_ALERTS}
    ),
    Role.ADMIN: frozenset(Permission),
}  # fmt: skip


def require(caller: Caller, org_id: str, permission: Permission) -> None:
    """Raises NotFound when the org does not exist for the caller, Forbidden when the caller may not do that in it."""
    role = caller.roles.get(org_id)
    if role is None:
        raise NotFound(f"there is no org {org_id}")
    if permission not in ALLOWED[role]:
        raise Forbidden(f"as {role} of {org_id} you may not {permission}")
