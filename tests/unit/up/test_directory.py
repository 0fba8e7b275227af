from __future__ import annotations

import json
from pathlib import Path

import pytest

from lighttrap.errors import ConfigError, Conflict
from lighttrap.up import directory, running


@pytest.mark.parametrize(
    ("environ", "uid", "place"),
    [
        ({"LIGHTTRAP_DATA": "/data/x", "XDG_DATA_HOME": "/share"}, 1000, "/data/x"),
        ({"LIGHTTRAP_DATA": "/data/x"}, 0, "/data/x"),
        ({"XDG_DATA_HOME": "/share"}, 1000, "/share/lighttrap"),
        ({"XDG_DATA_HOME": "/home/someone/.local/share"}, 0, "/var/lib/lighttrap"),
        ({}, 0, "/var/lib/lighttrap"),
    ],
)
def test_default_place_follows_environment_and_user(environ: dict[str, str], uid: int, place: str):
    assert directory.default(environ, uid) == Path(place)


def test_default_place_of_a_user_is_in_the_home_directory():
    assert directory.default({}, 1000) == Path.home() / ".local/share/lighttrap"


def test_only_one_owns_a_directory_at_a_time(tmp_path: Path):
    with (
        directory.owned(tmp_path / "data"),
        pytest.raises(Conflict, match="already runs"),
        directory.owned(tmp_path / "data"),
    ):
        pass
    with directory.owned(tmp_path / "data"):
        pass


def test_place_that_is_a_file_is_refused(tmp_path: Path):
    (tmp_path / "data").touch()
    with pytest.raises(ConfigError, match="cannot be used"), directory.owned(tmp_path / "data"):
        pass


def test_secrets_are_made_once_and_differ_between_directories(tmp_path: Path):
    with directory.owned(tmp_path / "one") as one, directory.owned(tmp_path / "two") as two:
        assert one.secrets() == one.secrets()
        assert one.secrets() != two.secrets()


def test_damaged_secrets_are_refused_rather_than_replaced(tmp_path: Path):
    with directory.owned(tmp_path / "data") as home:
        (home.root / "secrets.json").write_text("{")
        with pytest.raises(ConfigError, match="backup"):
            home.secrets()


def test_addresses_of_a_dead_up_are_stale(tmp_path: Path):
    addresses = running.Addresses(
        tmp_path / "data", "postgresql://x", "mqtt://x", "http://x", "http://y", "http://n", "http://z", 1
    )
    with directory.owned(tmp_path / "data") as home:
        assert running.find(home.root) is None
        home.addresses.write_text(addresses.to_json())
        assert running.find(home.root) == addresses
    home.addresses.write_text(addresses.to_json())
    assert running.find(home.root) is None
    with directory.owned(home.root):
        assert running.find(home.root) is None


def test_addresses_of_another_release_are_read_as_far_as_known(tmp_path: Path):
    addresses = running.Addresses(
        tmp_path / "data", "postgresql://x", "mqtt://x", "http://x", "http://y", "http://n", "http://z", 1
    )
    with directory.owned(tmp_path / "data") as home:
        home.addresses.write_text(json.dumps({**json.loads(addresses.to_json()), "api_url": "http://y"}))
        assert running.find(home.root) == addresses


def test_nothing_runs_where_nothing_is(tmp_path: Path):
    assert running.find(tmp_path / "none") is None


def test_looking_does_not_keep_an_up_away(tmp_path: Path):
    with directory.owned(tmp_path / "data") as home:
        running.find(home.root)
    running.find(home.root)
    with directory.owned(home.root):
        pass
