"""Who may do what: the one place that asks the table of `lighttrap.permissions`.

All that belongs to an org lies below `/v1/orgs/{org_id}`. Whoever has no role there is told that the org does not
exist; whoever has one, and may not do what they ask for, is told that. What belongs to no org is of everybody who is
signed in, of a person and not of a token, or of admins of every org; the last lies below `/v1/admin`.
"""

from __future__ import annotations

from lighttrap.errors import Forbidden, NotFound
from lighttrap.model import Caller
from lighttrap.permissions import Permission, allows


def may(caller: Caller, org_id: str, permission: Permission) -> bool:
    """Whether the caller may do that in this org."""
    role = caller.roles.get(org_id)
    return role is not None and allows(role, permission)


def require(caller: Caller, org_id: str, permission: Permission) -> None:
    """Raises NotFound when the org does not exist for the caller, Forbidden when the caller may not do that in it."""
    role = caller.roles.get(org_id)
    if role is None:
        raise NotFound(f"there is no org {org_id}")
    if not allows(role, permission):
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
