"""Connections, and the one place where driver errors become ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from lighttrap.errors import StoreError, StoreMismatch, StoreRejected, StoreUnavailable

Connection = psycopg.Connection[tuple[Any, ...]]

_SESSION = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
_OPTIONS = (
    "-c statement_timeout=30s -c lock_timeout=10s -c timezone=UTC -c jit=off -c synchronous_commit=on"
    # The server too must notice a cut, or a dead session keeps its lock for hours and nobody stores.
    " -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 -c tcp_user_timeout=30000"
)

_TRANSIENT_CLASSES = ("08", "53", "58")
_TRANSIENT = {"25006", "40001", "40003", "40P01", "55P03", "57P01", "57P02", "57P03", "57014"}
_LIMITS = ("54",)
_LIMIT_STATES = {"53400"}
_ROW_DATA = {"23502", "23503", "23514"}


def connect(dsn: str, *, application: str = "lighttrap") -> Connection:
    """A connection with our time-outs, UTC, and commits that reach the disk.

    Raises StoreUnavailable when no server answers, StoreMismatch when it does not let us in.
    """
    with translate_errors():
        return psycopg.connect(dsn, **session_arguments(application))


def session_arguments(application: str) -> dict[str, Any]:
    """How a connection of ours is opened, for those who open it themselves, such as a pool."""
    return {"application_name": application, "options": _OPTIONS, **_SESSION}


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turns what psycopg raises into a StoreError whose type says whether trying again may help."""
    try:
        yield
    except psycopg.Error as error:
        raise _translate(error) from error
    except UnicodeError as error:
        raise StoreRejected(f"text that the database cannot hold: {error}") from error


def _translate(error: psycopg.Error) -> StoreError:
    kind = _kind(error)
    text = str(error).strip() or type(error).__name__
    return kind(text, error.sqlstate)


def _kind(error: psycopg.Error) -> type[StoreError]:
    state = error.sqlstate
    if state is None:
        if isinstance(error, psycopg.OperationalError):
            return StoreUnavailable
        return StoreRejected if isinstance(error, psycopg.DataError) else StoreMismatch
    if state in _LIMIT_STATES or state.startswith(_LIMITS) or state in _ROW_DATA or state.startswith("22"):
        return StoreRejected
    if state in _TRANSIENT or state.startswith(_TRANSIENT_CLASSES):
        return StoreUnavailable
    return StoreMismatch
