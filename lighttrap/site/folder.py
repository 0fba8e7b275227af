"""Files that are written once: what is there stays as it is."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lighttrap import wholefile
from lighttrap.errors import ConfigError
from lighttrap.site.accounts import Account, Who

_LINE = re.compile(r"(?m)^([A-Z_0-9]+)=[\"']?(.*?)[\"']?$")

PRIVATE = 0o400
SHARED = 0o440
PUBLIC = 0o444
EDITED = 0o644
RUN = 0o755


def settings_in(text: str) -> dict[str, str]:
    """The settings of an env file; of one that stands there twice, the last."""
    return dict(_LINE.findall(text))


def _with(text: str, key: str, value: str) -> str:
    """An env file in which a setting has this value."""
    line = f"{key}={value}"
    text, found = re.subn(rf"(?m)^{key}=.*$", lambda _: line, text)
    if found:
        return text
    return f"{text}{'' if text.endswith(chr(10)) or not text else chr(10)}{line}\n"


@dataclass(slots=True)
class Folder:
    """The folder of a site; remembers what it wrote, kept, changed, and left as somebody else has set it."""

    root: Path
    accounts: Mapping[Who, Account] | None
    wrote: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def room(self, name: str, owner: Who, mode: int, *, group: Who | None = None) -> None:
        """Makes a folder in it; one that is there, as docker may have made it, becomes whose it should be.

        Raises ConfigError.
        """
        place = self.root / name
        try:
            if place.is_dir() and self.accounts is None:
                return
            place.mkdir(parents=True, exist_ok=True)
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
            is_well = place.exists() and stat.S_IMODE(place.stat().st_mode) == mode
            if is_well and place.read_text(encoding="utf-8") == text:
                self.kept.append(name)
            else:
                self.put(name, text, owner, mode=mode)
        except OSError as fault:
            raise ConfigError(f"{place} cannot be read or written: {fault.strerror}") from fault

    def change(self, name: str, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        """Gives settings of an env file that are otherwise now their new values. Raises ConfigError.

        What somebody has set to another value than `before` stays, and so does all else: owner, mode, a link.
        """
        place = (self.root / name).resolve()
        try:
            text, has = place.read_text(encoding="utf-8"), place.stat()
            old, there = text, settings_in(text)
            for key, value in after.items():
                if value == before.get(key) or value == there.get(key):
                    continue
                if key in there and there[key] != before.get(key):
                    self.left.append(f"{name}: {key}={there[key]}")
                    continue
                text = _with(text, key, value)
                self.changed.append(f"{name}: {key}")
            if text != old:
                wholefile.replace(place, text.encode(), stat.S_IMODE(has.st_mode), (has.st_uid, has.st_gid))
        except (OSError, UnicodeError) as fault:
            raise ConfigError(f"{place} cannot be read or written: {fault}") from fault

    def put(self, name: str, text: str, owner: Who, group: Who | None = None, mode: int = 0) -> None:
        """Writes a file, in place of one that is there: whole, or not at all. Raises OSError."""
        place = self.root / name
        numbers = self._numbers(owner, group or owner)
        wholefile.replace(place, text.encode(), mode or (SHARED if group else PRIVATE), numbers)
        self.wrote.append(name)

    def _numbers(self, owner: Who, group: Who) -> tuple[int, int] | None:
        return (self.accounts[owner].uid, self.accounts[group].gid) if self.accounts is not None else None
