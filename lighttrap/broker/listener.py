"""Settings for a Mosquitto that knows our logins."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from lighttrap.errors import InputFault


@dataclass(frozen=True, slots=True)
class Certificates:
    """The files of TLS: who vouches, the broker's certificate, its key."""

    ca: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Listener:
    """Where the broker listens, and where its files are; all of them absolute."""

    passwords: Path
    acl: Path
    state: Path
    pid_file: Path
    port: int = 8883
    address: str = "0.0.0.0"  # noqa: S104 - traps come from everywhere
    certificates: Certificates | None = None

    def text(self) -> str:
        """The settings. Raises InputFault for a path that Mosquitto cannot be told."""
        template = resources.files(__package__).joinpath("mosquitto.conf").read_text(encoding="utf-8")
        places = {name: _place(getattr(self, name)) for name in ("passwords", "acl", "state", "pid_file")}
        places |= {"port": str(self.port), "address": self.address, "tls": self._tls()}
        for name, place in places.items():
            template = template.replace(f"{{{name}}}", place)
        return template

    def _tls(self) -> str:
        if self.certificates is None:
            return "# Without TLS: on loopback or behind a proxy that adds it, never towards the field."
        files = {"cafile": self.certificates.ca, "certfile": self.certificates.certificate}
        files["keyfile"] = self.certificates.key
        return "\n".join(f"{word} {_place(path)}" for word, path in files.items()) + "\ntls_version tlsv1.2"


def _place(path: Path) -> str:
    text = str(path)
    if not path.is_absolute() or not text.isprintable():
        raise InputFault(f"the broker needs an absolute path in one line, not {text!r}")
    return text
