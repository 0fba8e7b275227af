"""Every form of secret that we know is found, and made-up ones of pages are not."""

from __future__ import annotations

import pytest

from lighttrap import brokersecret, passwords
from scripts import leaks

# Put together here, or this file would be found.
SECRETS = {
    "private key": "-----BEGIN " + "PRIVATE KEY-----\n" + "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg",
    "token of ours": "lt_" + "a1B2" * 12,
    "connect code of a trap": f"mqtts://st-014:{brokersecret.new_secret()}@mqtt.example.org:8883/x",
    "hash of a broker's password": brokersecret.hashed("a secret of the test"),
    "hash of a password": passwords.hashed("a password of the test"),
    "key of a cloud": "AKIA" + "ABCDEFGH12345678",
    "token of a forge": "ghp_" + "a1B2c3" * 6,
    "token of a package index": "pypi-" + "AgE" + "a1B2c3" * 10,
    "token of a messenger": "123456789:" + "AA" + "a" * 33,
    "signed token": "eyJ" + "hbGciOiJIUzI1NiJ9" + ".eyJ" + "zdWIiOiIxMjM0NTY3" + "." + "a" * 30,
}


@pytest.mark.parametrize("form", sorted(leaks.FORMS))
def test_secret_is_found_in_a_file_and_in_a_change(form: str):
    for text in (f"x = '{SECRETS[form]}'\n", "+" + SECRETS[form].replace("\n", "\n+")):
        assert [leak.form for leak in leaks.found_in("somewhere", text)] == [form]


def test_what_is_found_is_not_told_whole():
    [leak] = leaks.found_in("somewhere", SECRETS["token of ours"])
    assert len(leak.begins) < len(SECRETS["token of ours"]) / 2 + 4
    assert leaks.main([leak]) == 1


def test_examples_of_pages_are_no_secrets():
    for known in leaks.KNOWN:
        assert list(leaks.found_in("docs", known)) == []
    assert leaks.main([]) == 0
