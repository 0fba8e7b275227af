"""Who changed the rules, and where do I change something? Fields, traps, thresholds, people, what was written down."""

from __future__ import annotations

from dashboard import panels, places, reader, shell
from dashboard.admin import acts, audit, fields, me, parts, quarantine, recipients, rules, traps, users

_SHOW = {
    "fields": fields.show, "traps": traps.show, "rules": rules.show, "recipients": recipients.show, "users": users.show,
    "quarantine": quarantine.show, "audit": audit.show, "me": me.show,
}  # fmt: skip


def main() -> None:
    """The page: its parts, and the one that is chosen."""
    who = reader.current()
    shell.head(who, who.words("Quản trị"))
    part = parts.choose(who)
    acts.show_once(who.words)
    with panels.calm(who.words, who.settings.phone):
        _SHOW[part](who, places.names(who))


main()
