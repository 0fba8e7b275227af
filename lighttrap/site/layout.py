"""The files of a site and what they say: settings, the broker's, and certificates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path

from lighttrap.broker import lines
from lighttrap.broker.listener import Certificates, Listener
from lighttrap.errors import ConfigError
from lighttrap.site import certificates, secrets
from lighttrap.site.accounts import House, Who
from lighttrap.site.folder import EDITED, PUBLIC, RUN, Folder, settings_in
from lighttrap.site.order import Order, Web

_NO_COMPOSE_FILE = "docker-compose.yml"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the broker sees its files."""

    files: Path
    tls: Path
    state: Path
    pid_file: Path


_IN_CONTAINER = Place(
    Path("/mosquitto/config"), Path("/mosquitto/tls"), Path("/mosquitto/data"), Path("/run/mosquitto/mosquitto.pid")
)  # fmt: skip


def lay_out(order: Order, folder: Folder, now: datetime, known: Order | None = None) -> None:
    """Makes what is missing of a site, and changes what a `known` one was ordered otherwise.

    Raises ConfigError when a file cannot be read or written.
    """
    _make_root(folder.root)
    if known and known.broker_host != order.broker_host:
        renew(folder, now, order.broker_host)
    services = secrets.add(folder, order.house)
    fingerprint = _add_certificates(order, folder, now)
    _add_broker(order, folder, services)
    folder.renew("lighttrap", script(order.house), Who.ROOT, RUN)
    before = _settings(known, known.fingerprint) if known else {}
    for name, text in _settings(order, fingerprint).items():
        if name in before and (folder.root / name).exists():
            folder.change(name, settings_in(before[name]), settings_in(text))
            continue
        folder.add(name, lambda text=text: text, Who.ROOT, mode=EDITED)  # type: ignore[misc]
    if order.house is House.COMPOSE:
        folder.room("caddy", Who.PROXY, 0o700)
        for name in ("backups", "simulator"):
            folder.room(name, Who.OURS, 0o700)
        folder.room("alertmanager", Who.ROOT, 0o755)
        folder.add("alertmanager/alertmanager.yml", lambda: _text("alertmanager.yml", {}), Who.ROOT, mode=EDITED)


def _settings(order: Order, fingerprint: str) -> dict[str, str]:
    """The texts of the env files, by their names."""
    words = _words(order, fingerprint)
    if order.house is House.COMPOSE:
        return {".env": _text("compose.env", words), "lighttrap.env": _text("programs.env", {})}
    return {
        "lighttrap.env": _text("programs.env", {}) + _text("debian.env", words),
        "caddy.env": _text("proxy.env", words),
    }


def script(house: House) -> str:
    """The command `lighttrap` of a site."""
    return _text(f"{house}.sh", {})


def renew(folder: Folder, now: datetime, host: str = "") -> datetime:
    """A new certificate for the broker's key, for the same names, and first of all for a new `host`.

    Returns when it ends. Raises ConfigError.

    The key stays, so that there is no moment in which key and certificate do not fit.
    """
    try:
        kept = {name: (folder.root / "tls" / name).read_text("utf-8") for name in ("ca.key", "ca.pem", "broker.key")}
        if not certificates.is_of(kept["ca.key"], kept["ca.pem"]):
            raise ConfigError("tls/ca.key is not the key of tls/ca.pem: put back the one that was put away")
        names = certificates.names_in((folder.root / "tls/broker.pem").read_text("utf-8"))
        names = list(dict.fromkeys([host, *names] if host else names))
        made = certificates.broker(kept["broker.key"], kept["ca.key"], kept["ca.pem"], names, now)
        folder.put("tls/broker.pem", made, Who.BROKER, mode=PUBLIC)
    except OSError as fault:
        raise ConfigError(
            f"{fault.filename}: {fault.strerror}; renewing needs tls/ca.key, which you may have put away safely"
        ) from fault
    return certificates.ends_at(made)


def _make_root(root: Path) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise ConfigError(f"{root} cannot be made: {fault.strerror}") from fault


def _add_certificates(order: Order, folder: Folder, now: datetime) -> str:
    """Returns the authority's fingerprint."""
    folder.room("tls", Who.ROOT, 0o755)
    has_key, has_own, has_given = ((folder.root / "tls" / name).exists() for name in ("ca.key", "ca.pem", "broker.pem"))
    if has_own and has_given:
        return _kept_certificates(order, folder, now)
    if has_own != has_key:
        there, gone = ("ca.pem", "ca.key") if has_own else ("ca.key", "ca.pem")
        raise ConfigError(f"tls/{there} is there and tls/{gone} is not: put it back, or move both away")
    signer = folder.add("tls/ca.key", certificates.new_key, Who.ROOT)
    own = folder.add("tls/ca.pem", lambda: certificates.authority(signer, order.domain, now), Who.ROOT, mode=PUBLIC)
    key = folder.add("tls/broker.key", certificates.new_key, Who.BROKER)
    names = order.broker_names()
    make = lambda: certificates.broker(key, signer, own, names, now)  # noqa: E731 - called in the next line or never
    folder.add("tls/broker.pem", make, Who.BROKER, mode=PUBLIC)
    return certificates.fingerprint(own)


def _kept_certificates(order: Order, folder: Folder, now: datetime) -> str:
    """The authority's fingerprint; a certificate of the broker that does not fit is made anew, if that can be."""
    folder.kept.append("tls/ca.pem")
    key = folder.add("tls/broker.key", certificates.new_key, Who.BROKER)
    own, given = ((folder.root / "tls" / name).read_text("utf-8") for name in ("ca.pem", "broker.pem"))
    is_named = order.broker_host in certificates.names_in(given)
    if is_named and certificates.is_of(key, given) and certificates.is_issued_by(given, own):
        folder.kept.append("tls/broker.pem")
    else:
        renew(folder, now, order.broker_host)
    return certificates.fingerprint(own)


def _add_broker(order: Order, folder: Folder, services: Mapping[str, str]) -> None:
    """Settings, and files by which our own programs come in before any trap is known."""
    folder.room("broker", Who.BROKER, 0o700)
    folder.add("broker/mosquitto.conf", lambda: _listener(order).text(), Who.BROKER)
    folder.add("broker/acl", lambda: lines.acl([], list(services)), Who.BROKER, mode=0o600)
    folder.add("broker/passwords", lambda: lines.passwords([], services, ""), Who.BROKER, mode=0o600)
    if order.house is House.COMPOSE:
        login = "-u _healthcheck\n-i _healthcheck\n-P {}\n".format(services["_healthcheck"])
        # Read by mosquitto_sub for the health check: words of a command could be read by everybody on the machine.
        folder.add("broker/mosquitto_sub", lambda: login, Who.BROKER)


def _listener(order: Order) -> Listener:
    if order.house is House.COMPOSE:
        place = _IN_CONTAINER
    else:
        root = order.folder
        run = Path("/run/mosquitto/mosquitto.pid")
        place = Place(root / "broker", root / "tls", Path("/var/lib/mosquitto"), run)
    files = Certificates(place.tls / "ca.pem", place.tls / "broker.pem", place.tls / "broker.key")
    return Listener(place.files / "passwords", place.files / "acl", place.state, place.pid_file, certificates=files)


def _words(order: Order, fingerprint: str) -> dict[str, str]:
    tls = {Web.ACME: order.email, Web.INTERNAL: "internal", Web.FILES: _web_files(order)}
    return {
        "folder": str(order.folder),
        "domain": order.domain,
        "tls": tls[order.web],
        "broker_host": order.broker_host,
        "broker_url": order.broker_url(),
        "fingerprint": fingerprint,
        "compose_file": str(order.compose_file or _NO_COMPOSE_FILE) + order.more_compose_files,
    }


def _web_files(order: Order) -> str:
    place = Path("/site/tls") if order.house is House.COMPOSE else order.folder / "tls"
    return f"{place}/web.pem {place}/web.key"


def _text(name: str, words: Mapping[str, str]) -> str:
    template = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    for word, value in words.items():
        template = template.replace(f"{{{word}}}", value)
    return template
