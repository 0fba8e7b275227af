"""The publishers' ledger: a file that knows each message before the broker does, and what the broker said of it."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from lighttrap import wire
from tests.ledger_check import Key, Poison

SUCCESS = "Success"


class Outgoing(NamedTuple):
    """A message to be published. `poison` is the reason it must be refused for; empty when it is valid."""

    trap_id: str
    boot: int
    seq: int
    topic: str
    payload: bytes
    poison: str = ""
    counts: bool = True
    """False for messages that are no readings: they are journalled, and not looked for."""


class Journal:
    """Written by publishers: what they send, on the disk before it is sent, and each PUBACK's reason after."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self._number = 0

    def sending(self, messages: Sequence[Outgoing]) -> list[int]:
        """Writes messages to the disk; returns their numbers. Only then may they be sent."""
        with self._lock:
            numbers = list(range(self._number, self._number + len(messages)))
            self._number += len(messages)
            for number, message in zip(numbers, messages, strict=True):
                self._write(_sending(number, message))
            self._file.flush()
            os.fsync(self._file.fileno())
        return numbers

    def answered(self, number: int, reason: str) -> None:
        """The broker's PUBACK came."""
        with self._lock:
            self._write({"answered": number, "reason": reason, "at_s": time.time()})

    def broker_died(self) -> None:
        """From here on the broker may have forgotten all that it answered before."""
        with self._lock:
            self._write({"broker": "died", "at_s": time.time()})

    def account(self) -> Account:
        """What the file says so far."""
        with self._lock:
            self._file.flush()
        return read(self.path)

    def close(self) -> None:
        """Ends it."""
        self._file.close()

    def _write(self, line: dict[str, object]) -> None:
        self._file.write(json.dumps(line) + "\n")


def _sending(number: int, message: Outgoing) -> dict[str, object]:
    return {
        "id": number, "trap": message.trap_id, "boot": message.boot, "seq": message.seq, "topic": message.topic,
        "sha": wire.sha_of(message.payload).hex(), "poison": message.poison, "counts": message.counts,
        "at_s": time.time(),
    }  # fmt: skip


@dataclass(slots=True)
class Account:
    """A journal, read: what was sent, and what the broker took."""

    published: int = 0
    sent: dict[Key, bytes] = field(default_factory=dict)
    poison: dict[Poison, str] = field(default_factory=dict)
    taken: set[Key | Poison] = field(default_factory=set)
    """What the broker said it has."""
    at_risk: set[Key | Poison] = field(default_factory=set)
    """What only a broker that died since said it has."""

    @property
    def unsure(self) -> set[Key | Poison]:
        """What nobody promised to keep: the broker never took it, or took it and died."""
        everything: set[Key | Poison] = set()
        everything |= self.sent.keys()
        everything |= self.poison.keys()
        return (everything - self.taken) | self.at_risk


def read(path: Path) -> Account:
    """Reads a journal."""
    account = Account()
    names: dict[int, Key | Poison] = {}
    for text in path.read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        if "id" in line:
            account.published += 1
            if line["counts"]:
                names[line["id"]] = _enter(account, line)
        elif "broker" in line:
            account.at_risk |= account.taken
        elif line["reason"] == SUCCESS and line["answered"] in names:
            account.taken.add(names[line["answered"]])
            account.at_risk.discard(names[line["answered"]])
    return account


def _enter(account: Account, line: dict[str, object]) -> Key | Poison:
    sha = bytes.fromhex(str(line["sha"]))
    if line["poison"]:
        poison = (str(line["topic"]).encode(), sha)
        account.poison[poison] = str(line["poison"])
        return poison
    key = (str(line["trap"]), int(str(line["boot"])), int(str(line["seq"])))
    account.sent[key] = sha
    return key
