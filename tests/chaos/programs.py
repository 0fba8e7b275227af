"""The programs of a trial: ingest, whole or broken, and a broker that asks for logins."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from lighttrap.up import account
from tests.chaos import workers
from tests.fix_broker import Broker
from tests.fix_programs import Ingest

PASSWORD = "chaos"


class ChaosIngest(Ingest):
    """Ingest as a child process: the real program, or with a part broken, or with a place at which it dies."""

    def __init__(self, worker: str, database: str, broker_url: str, settings: dict[str, str], log: Path) -> None:
        super().__init__(database, broker_url, settings, log)
        self._worker = worker
        self.ended_by_itself = 0
        self.arm(None)

    def arm(self, point: str | None, at: int = 1) -> None:
        """From its next start on it dies at that point, passed for the `at`-th time; None for never."""
        assert self.env is not None
        whole = point is None and self._worker == workers.OURS
        self.command = [sys.executable, "-m", "ingest" if whole else "tests.chaos.start"]
        self.env |= {"CHAOS_WORKER": self._worker, "CHAOS_POINT": point or "", "CHAOS_AT": str(at)}

    def restart_if_ended(self) -> None:
        """Starts it again when it ended by itself, as whoever supervises it would."""
        if not self.is_running:
            self.ended_by_itself += 1
            self.start()


class GuardedBroker(Broker):
    """A broker as in the field: every client has a login, and the login is the client id."""

    def __init__(self, binary: str, folder: Path, names: tuple[str, ...]) -> None:
        super().__init__(binary, folder)
        passwords = folder / "passwords"
        passwords.touch(mode=0o600)
        for name in names:
            tool = ["mosquitto_passwd", "-b", str(passwords), name, PASSWORD]
            subprocess.run(tool, check=True, capture_output=True)
        account.give(passwords, account.unprivileged())
        text = self.config.read_text().replace("allow_anonymous true", "allow_anonymous false")
        self.config.write_text(f"{text}use_username_as_clientid true\npassword_file {passwords}\n")

    def url_of(self, name: str) -> str:
        """Where the client of that login connects."""
        return f"mqtt://{name}:{PASSWORD}@{self.host}:{self.port}"
