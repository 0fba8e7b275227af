"""A child's log: its lines go to a file that is kept small, and those that should alarm are shown at once."""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections import deque
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

_FILE_BYTES = 5_000_000
_FILES_KEPT = 2
_LINE_CHARACTERS = 10_000
_SHOWN_CHARACTERS = 300
# A child in trouble may say so thousands of times; the file has it all.
_SHOWN_IN_A_ROW = 5


class _File(RotatingFileHandler):
    """A log file that a full disk does not stop."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Loses the line; the child must not wait for us."""


class Journal:
    """The log file of one child, over all its lives."""

    def __init__(
        self,
        name: str,
        path: Path,
        show: Callable[[str], None],
        *,
        alarming: re.Pattern[str],
        telling: re.Pattern[str],
    ) -> None:
        self.path = path
        self.last_lines: deque[str] = deque(maxlen=20)
        self._name = name
        self._alarming = alarming
        self._telling = telling
        self._show = show
        self._shown = 0
        self._file = _File(path, maxBytes=_FILE_BYTES, backupCount=_FILES_KEPT, encoding="utf-8")

    def follow(self, stream: IO[str]) -> threading.Thread:
        """Keeps the stream's lines, in a thread of its own, until the stream ends."""
        thread = threading.Thread(target=self._keep_all, args=(stream,), name=f"journal-{self._name}", daemon=True)
        thread.start()
        return thread

    def mute(self) -> None:
        """Shows nothing more; the file still has it all."""
        self._shown = sys.maxsize

    def speak_again(self) -> None:
        """Allows a few more lines to be shown."""
        self._shown = 0

    def why(self) -> str:
        """The last line that should alarm, or else the last line; empty when there is none."""
        lines = list(self.last_lines)
        return next((line for line in reversed(lines) if self._alarming.search(line)), lines[-1] if lines else "")

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _keep_all(self, stream: IO[str]) -> None:
        with stream:
            while line := stream.readline(_LINE_CHARACTERS):
                self._keep(line.rstrip("\n"))

    def _keep(self, line: str) -> None:
        self._file.emit(logging.makeLogRecord({"msg": line}))
        if line.strip():
            self.last_lines.append(line)
        if self._alarming.search(line):
            self._alarm(line)
        elif self._telling.search(line):
            self._show(line)

    def _alarm(self, line: str) -> None:
        self._shown += 1
        if self._shown <= _SHOWN_IN_A_ROW:
            self._show(f"{self._name}: {line[:_SHOWN_CHARACTERS]}")
        elif self._shown == _SHOWN_IN_A_ROW + 1:
            self._show(f"{self._name}: more such lines in {self.path}")
