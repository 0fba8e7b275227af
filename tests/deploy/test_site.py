"""`lighttrap init`: a folder with everything of a site, made once."""

from __future__ import annotations

import os
import re
import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from lighttrap.errors import ConfigError, InputFault
from lighttrap.site import certificates
from lighttrap.site.folder import settings_in
from lighttrap.site.secrets import SECRETS
from tests.fix_site import DOMAIN, IS_ROOT, ROOT, Site, init, needs_debians_accounts

as_root = pytest.mark.skipif(not IS_ROOT, reason="gives files to accounts of containers, which root alone may")


def _files(site: Site) -> dict[str, bytes]:
    return {str(path.relative_to(site.folder)): path.read_bytes() for path in site.folder.rglob("*") if path.is_file()}


def test_no_two_secrets_are_alike_and_none_can_be_guessed(site: Site):
    found = [site.secret(one.name) for one in SECRETS]
    assert len(set(found)) == len(SECRETS)
    assert all(len(secret) == 32 for secret in found)


def test_two_sites_share_no_secret(site: Site, tmp_path: Path):
    init(tmp_path / "other", "--domain", DOMAIN, "--web", "internal")
    assert not {site.secret(one.name) for one in SECRETS} & {
        Site(tmp_path / "other").secret(one.name) for one in SECRETS
    }


def test_no_secret_stands_in_the_settings(site: Site):
    settings = site.text(".env") + site.text("lighttrap.env") + site.text("broker/mosquitto.conf")
    assert [one.name for one in SECRETS if site.secret(one.name) in settings] == []


def test_no_secret_is_open_to_everybody(site: Site):
    private = [
        *(site.folder / "secrets").iterdir(),
        *(site.folder / "tls").glob("*.key"),
        *(site.folder / "broker").iterdir(),
    ]
    assert [str(path) for path in private if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o007] == []


@as_root
def test_nobody_but_root_reads_the_key_of_the_authority(site: Site):
    found = (site.folder / "tls/ca.key").stat()
    assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (0, 0o400)


def test_again_changes_nothing(site: Site):
    before = _files(site)
    for options in ((), ("--domain", DOMAIN, "--web", "internal")):
        told = init(site.folder, *options)
        assert _files(site) == before
        assert "wrote" not in told


def test_again_adds_what_is_missing_and_fits(site: Site):
    before = _files(site)
    for name in ("tls/broker.pem", "broker/passwords", "secrets/grafana_admin"):
        (site.folder / name).unlink()
    init(site.folder, "--domain", DOMAIN, "--web", "internal")
    after = _files(site)
    assert {name for name in before if after[name] != before[name]} == {
        "tls/broker.pem", "broker/passwords", "secrets/grafana_admin",
    }  # fmt: skip
    _verify(site)


def test_certificate_is_for_every_name_of_the_broker(site: Site):
    assert certificates.names_in(site.text("tls/broker.pem")) == [DOMAIN, "mosquitto", "localhost", "127.0.0.1"]


def test_address_in_place_of_a_name_stands_in_the_certificate_as_one(tmp_path: Path):
    init(tmp_path / "site", "--domain", DOMAIN, "--web", "internal", "--broker-host", "203.0.113.7")
    names = x509.load_pem_x509_certificate((tmp_path / "site/tls/broker.pem").read_bytes()).extensions
    found = names.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.IPAddress)
    assert "203.0.113.7" in map(str, found)


def test_authority_lasts_ten_years_and_vouches_for_no_other(site: Site):
    own = x509.load_pem_x509_certificate(site.text("tls/ca.pem").encode())
    assert own.not_valid_after_utc - datetime.now(UTC) > timedelta(days=3650)
    assert own.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


def test_fingerprint_in_the_settings_is_that_of_the_authority(site: Site):
    told = re.search(r"^LIGHTTRAP_BROKER_CA_SHA256=(\w{64})$", site.text(".env"), re.MULTILINE)
    assert told
    assert told[1] == certificates.fingerprint(site.text("tls/ca.pem"))


def _verify(site: Site) -> None:
    own, given = (x509.load_pem_x509_certificate(site.text(f"tls/{name}.pem").encode()) for name in ("ca", "broker"))
    given.verify_directly_issued_by(own)


def test_renewal_keeps_the_key_and_the_names(site: Site):
    before = _files(site)
    init(site.folder, "--renew-certificate")
    after = _files(site)
    assert {name for name in before if after[name] != before[name]} == {"tls/broker.pem"}
    assert certificates.names_in(site.text("tls/broker.pem")) == [DOMAIN, "mosquitto", "localhost", "127.0.0.1"]
    _verify(site)


def _set(site: Site, name: str = ".env") -> dict[str, str]:
    return settings_in(site.text(name))


def test_new_domain_and_address_change_just_that_and_traps_find_the_broker_as_before(site: Site):
    (site.folder / ".env").write_text(site.text(".env") + "LIGHTTRAP_VERSION=0.2.0\n# ours\n")
    before, settings = _files(site), _set(site)
    told = init(site.folder, "--domain", "new.example.org", "--email", "it@example.org")
    assert _set(site) == settings | {"LIGHTTRAP_DOMAIN": "new.example.org", "LIGHTTRAP_TLS": "it@example.org"}
    assert {name for name, content in _files(site).items() if before.get(name) != content} == {".env"}
    assert "# ours" in site.text(".env")
    assert f"as {DOMAIN}" in told


def test_new_host_of_the_broker_is_in_the_certificate_beside_the_old_one(site: Site):
    init(site.folder, "--broker-host", "203.0.113.7")
    assert certificates.names_in(site.text("tls/broker.pem"))[:2] == ["203.0.113.7", DOMAIN]
    assert _set(site)["LIGHTTRAP_BROKER_URL"] == "mqtts://203.0.113.7:8883"
    _verify(site)


def test_new_host_of_the_broker_is_refused_without_the_key_of_the_authority(site: Site):
    (site.folder / "tls/ca.key").unlink()
    before = _files(site)
    with pytest.raises(ConfigError, match=r"ca\.key"):
        init(site.folder, "--broker-host", "203.0.113.7")
    assert _files(site) == before


def test_key_of_another_authority_is_refused_before_anything_is_renewed(site: Site, tmp_path: Path):
    init(tmp_path / "other", "--domain", DOMAIN, "--web", "internal")
    before = _files(site)
    for content in (Site(tmp_path / "other").text("tls/ca.key"), ""):
        place = site.folder / "tls/ca.key"
        place.unlink()
        place.write_text(content)
        for options in (("--renew-certificate",), ("--broker-host", "203.0.113.7")):
            with pytest.raises(ConfigError, match="key"):
                init(site.folder, *options)
    assert {name: content for name, content in _files(site).items() if name != "tls/ca.key"} == {
        name: content for name, content in before.items() if name != "tls/ca.key"
    }


def test_lost_key_of_the_broker_gets_a_certificate_that_fits(site: Site):
    (site.folder / "tls/broker.key").unlink()
    init(site.folder)
    assert certificates.is_of(site.text("tls/broker.key"), site.text("tls/broker.pem"))
    _verify(site)


@pytest.mark.parametrize("name", ["tls/ca.pem", "tls/ca.key"])
def test_half_an_authority_is_not_made_whole_with_another(site: Site, name: str):
    for gone in (name, "tls/broker.pem"):
        (site.folder / gone).unlink()
    before = _files(site)
    with pytest.raises(ConfigError, match="put it back"):
        init(site.folder)
    assert _files(site) == before


def test_new_authority_stands_in_the_settings_and_it_is_said_what_follows(site: Site):
    shutil.rmtree(site.folder / "tls")
    told = init(site.folder)
    assert _set(site)["LIGHTTRAP_BROKER_CA_SHA256"] == certificates.fingerprint(site.text("tls/ca.pem"))
    assert "provision every trap again" in told


def test_what_an_operator_has_set_stays_and_is_said(site: Site):
    private, own = site.folder.parent / "own.env", "mqtts://bay.example.org:18883"
    text = site.text(".env").replace(f"mqtts://{DOMAIN}:8883", own)
    private.write_text(text.replace("docker-compose.yml", "docker-compose.yml:/srv/own.yml") + "OWN=1")
    private.chmod(0o600)
    (site.folder / ".env").unlink()
    (site.folder / ".env").symlink_to(private)
    init(site.folder, "--broker-host", "203.0.113.7", "--compose-file", str(ROOT / "docker-compose.yml"))
    after = _set(site)
    assert after["LIGHTTRAP_BROKER_URL"] == "mqtts://203.0.113.7:18883"
    assert after["COMPOSE_FILE"].endswith("docker-compose.yml:/srv/own.yml")
    assert after["OWN"] == "1"
    assert ((site.folder / ".env").is_symlink(), stat.S_IMODE(private.stat().st_mode)) == (True, 0o600)
    private.write_text(private.read_text().replace("LIGHTTRAP_TLS=internal", "LIGHTTRAP_TLS=/a.pem /a.key"))
    assert "left as you have it: .env: LIGHTTRAP_TLS=/a.pem /a.key" in init(site.folder, "--web", "internal")


def test_setting_that_is_missing_is_not_glued_to_an_unfinished_line(site: Site):
    text = "".join(line for line in site.text(".env").splitlines(keepends=True) if "LIGHTTRAP_BROKER_HOST" not in line)
    (site.folder / ".env").write_text(text + "LIGHTTRAP_VERSION=0.2.0")
    init(site.folder, "--broker-host", "203.0.113.7")
    assert (_set(site)["LIGHTTRAP_VERSION"], _set(site)["LIGHTTRAP_BROKER_HOST"]) == ("0.2.0", "203.0.113.7")


def test_renewal_that_is_asked_for_something_else_too_is_refused(site: Site):
    with pytest.raises(InputFault, match="another call"):
        init(site.folder, "--renew-certificate", "--domain", "new.example.org")


def test_settings_that_are_no_text_are_told_as_such(site: Site):
    (site.folder / ".env").write_bytes(site.text(".env").encode() + b"# \xe9\n")
    with pytest.raises(ConfigError, match="env"):
        init(site.folder)


@as_root
def test_folder_that_docker_made_becomes_whose_it_should_be(site: Site):
    place = site.folder / "backups"
    os.chown(place, 0, 0)
    place.chmod(0o755)
    init(site.folder)
    assert (place.stat().st_uid, stat.S_IMODE(place.stat().st_mode)) == (10_001, 0o700)


def test_site_of_one_kind_does_not_become_one_of_the_other(site: Site):
    with pytest.raises(InputFault, match="for compose"):
        init(site.folder, "--for", "debian")


def test_renewal_where_no_site_is_makes_none(tmp_path: Path):
    with pytest.raises(ConfigError, match="no site"):
        init(tmp_path / "site", "--renew-certificate")
    assert not (tmp_path / "site").exists()


@needs_debians_accounts
def test_site_for_debian_is_known_again(tmp_path: Path):
    site = Site(tmp_path / "site")
    init(site.folder, "--domain", DOMAIN, "--web", "internal", "--for", "debian")
    init(site.folder, "--renew-certificate")
    init(site.folder, "--domain", "new.example.org")
    assert _set(site, "caddy.env")["LIGHTTRAP_DOMAIN"] == "new.example.org"
    settings = _set(site, "lighttrap.env")
    assert settings["LIGHTTRAP_NOTIFY__PAGES_URL"] == "https://new.example.org"
    assert settings["LIGHTTRAP_PUBLIC_BROKER__URL"] == f"mqtts://{DOMAIN}:8883"
    assert not (site.folder / ".env").exists()


def test_no_certificate_outlives_its_authority():
    signer, key, now = certificates.new_key(), certificates.new_key(), datetime(2026, 11, 25, tzinfo=UTC)
    own = certificates.authority(signer, DOMAIN, now)
    late = certificates.broker(key, signer, own, [DOMAIN], now + timedelta(days=3600))
    assert certificates.ends_at(late) == certificates.ends_at(own)


def test_authority_that_was_put_away_is_not_replaced(site: Site):
    (site.folder / "tls/ca.key").unlink()
    init(site.folder, "--domain", DOMAIN, "--web", "internal")
    assert not (site.folder / "tls/ca.key").exists()
    with pytest.raises(ConfigError, match=r"ca\.key"):
        init(site.folder, "--renew-certificate")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "--domain"),
        (("--domain", "Bẫy đèn"), "--domain"),
        (("--domain", "x" * 43), "42"),
        (("--domain", DOMAIN), "--email"),
        (("--domain", DOMAIN, "--email", "a@b.vn }"), "--email"),
        (("--domain", DOMAIN, "--web", "internal", "--broker-host", "a b"), "--broker-host"),
        (("--domain", DOMAIN, "--web", "internal", "--compose-file", "nowhere.yml"), "--compose-file"),
    ],
)
def test_what_cannot_work_is_refused_and_leaves_nothing(tmp_path: Path, options: tuple[str, ...], says: str):
    with pytest.raises((ConfigError, InputFault), match=says):
        init(tmp_path / "site", *options)
    assert not (tmp_path / "site").exists()


def test_tree_that_containers_cannot_read_is_refused(tmp_path: Path):
    """As `git clone` leaves it with root's umask of a hardened server."""
    tree = tmp_path / "tree"
    (tree / "deploy/caddy").mkdir(parents=True)
    for name in ("docker-compose.yml", "deploy/caddy/Caddyfile"):
        (tree / name).touch(mode=0o600)
    options = ("--domain", DOMAIN, "--web", "internal", "--compose-file", str(tree / "docker-compose.yml"))
    (tree / "deploy/caddy").chmod(0o755)
    with pytest.raises(ConfigError, match=r"Caddyfile can be read by its owner alone: chmod -R a\+rX"):
        init(tmp_path / "site", *options)
    assert not (tmp_path / "site").exists()
    (tree / "deploy/caddy/Caddyfile").chmod(0o644)
    init(tmp_path / "site", *options)
