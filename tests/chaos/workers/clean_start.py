"""Connects with clean_start=True, which throws away what the broker kept for it."""

from __future__ import annotations

from typing import Any

from ingest.client import LeanClient
from tests.chaos import patches

FAULT = "ingest-stopped"
FIGURE = "lost"


def sabotage() -> None:
    """Breaks the worker of this process."""

    def connect_async(client: LeanClient, *args: Any, **named: Any) -> None:  # noqa: ANN401 - as paho's own
        original(client, *args, **{**named, "clean_start": True})

    original = patches.replace(LeanClient, "connect_async", connect_async)
