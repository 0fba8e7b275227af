"""Writing the broker's files from the database, once."""

from __future__ import annotations

from lighttrap.broker import files, lines
from lighttrap.broker.settings import FileSettings
from lighttrap.store import credentials
from lighttrap.store.pool import Connection


def write(conn: Connection, settings: FileSettings) -> bool:
    """Writes both files where they differ from what the database says; returns whether one did. Raises OSError.

    The ACL comes first: a broker that starts in between knows no login without its rights.
    """
    logins = credentials.list_logins(conn)
    secrets = settings.secrets()
    has_new_rights = files.replace(settings.acl, lines.acl(logins, list(secrets)))
    passwords = lines.passwords(logins, secrets, files.read(settings.passwords))
    return files.replace(settings.passwords, passwords) or has_new_rights
