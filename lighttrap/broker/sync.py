"""Writing the broker's files from the database, once."""

from __future__ import annotations

from lighttrap.broker import files, lines
from lighttrap.broker.services import Service
from lighttrap.broker.settings import FileSettings
from lighttrap.errors import ConfigError
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


def require_services(settings: FileSettings, *, and_known: bool = False) -> None:
    """Raises ConfigError when the files to be written would lock ingest out, or a program of ours that is in them."""
    lines_there = files.read(settings.passwords).splitlines() if and_known else []
    known = {line.partition(":")[0] for line in lines_there if line.startswith("_")}
    lacking = sorted(({Service.INGEST} | known) - settings.secrets().keys())
    if lacking:
        raise ConfigError(
            f"{settings.passwords} would lock {', '.join(lacking)} out: set LIGHTTRAP_BROKER_FILES__INGEST_SECRET_FILE"
            " and those of the others (on a server `lighttrap broker watch` has them: restart it instead)"
        )
