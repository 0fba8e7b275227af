"""Files that are written once: what is there stays as it is."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lighttrap import wholefile
from lighttrap.errors import ConfigError
from lighttrap.site.accounts import Account, Who

PRIVATE = 0o400
SHARED = 0o440
PUBLIC = 0o444
EDITED = 0o644
RUN = 0o755


@dataclass(slots=True)
class Folder:
    """The folder of a site; remembers what it wrote, left alone, and changed."""

    root: Path
    accounts: Mapping[Who, Account] | None
    wrote: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)

    def room(self, name: str, owner: Who, mode: int, *, group: Who | None = None) -> None:
        """Makes a folder in it, unless it is there. Raises ConfigError."""
        place = self.root / name
        if place.is_dir():
            return
        try:
            place.mkdir(parents=True)
            if numbers := self._numbers(owner, group or owner):
                os.chown(place, *numbers)
            place.chmod(mode)
        except OSError as fault:
            raise ConfigError(f"{place} cannot be made: {fault.strerror}") from fault

    def add(self, name: str, make: Callable[[], str], owner: Who, group: Who | None = None, mode: int = 0) -> str:
        """The text of a file, which is made only when there is none. Raises ConfigError.

        Without a mode its owner may read it, and so may the group if one is named.
        """
        place = self.root / name
        try:
            if place.exists():
                self.kept.append(name)
                return place.read_text(encoding="utf-8")
            text = make()
            self.put(name, text, owner, group, mode)
        except OSError as fault:
            raise ConfigError(f"{place} cannot be read or written: {fault.strerror}") from fault
        return text

    def renew(self, name: str, text: str, owner: Who, mode: int) -> None:
        """Writes a file that is ours and not the technician's, unless it says just this. Raises ConfigError."""
        place = self.root / name
        try:
            if place.exists() and place.read_text(encoding="utf-8") == text:
                self.kept.append(name)
            else:
                self.put(name, text, owner, mode=mode)
        except OSError as fault:
            raise ConfigError(f"{place} cannot be read or written: {fault.strerror}") from fault

    def change(self, name: str, settings: Mapping[str, str], owner: Who, mode: int) -> None:
        """Gives settings of an env file new values; all else in it stays. Raises ConfigError."""
        if not settings:
            return
        try:
            text = (self.root / name).read_text(encoding="utf-8")
            for key, value in settings.items():
                line = f"{key}={value}"
                text, found = re.subn(rf"(?m)^{key}=.*$", lambda _, line=line: line, text)  # type: ignore[misc]
                text += "" if found else f"{line}\n"
            self.put(name, text, owner, mode=mode)
        except OSError as fault:
            raise ConfigError(f"{self.root / name} cannot be read or written: {fault.strerror}") from fault
        self.wrote.remove(name)
        self.changed += [f"{name}: {key}" for key in settings]

    def put(self, name: str, text: str, owner: Who, group: Who | None = None, mode: int = 0) -> None:
        """Writes a file, in place of one that is there: whole, or not at all. Raises OSError."""
        place = self.root / name
        numbers = self._numbers(owner, group or owner)
        wholefile.replace(place, text.encode(), mode or (SHARED if group else PRIVATE), numbers)
        self.wrote.append(name)

    def _numbers(self, owner: Who, group: Who) -> tuple[int, int] | None:
        return (self.accounts[owner].uid, self.accounts[group].gid) if self.accounts is not None else None
