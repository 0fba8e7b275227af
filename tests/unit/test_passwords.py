"""Passwords: what is kept of them, and how many are hashed at once."""

from __future__ import annotations

import threading

import pytest
from argon2 import PasswordHasher

from lighttrap import passwords
from lighttrap.errors import TooManyTries

PASSWORD = "ba con trâu trắng"


def test_nobodys_hash_costs_what_a_kept_one_does_and_fits_nothing():
    kept = passwords.hashed(PASSWORD)
    assert passwords.NOBODYS.split("$")[:4] == kept.split("$")[:4]
    assert not passwords.is_outdated(passwords.NOBODYS)
    assert not passwords.fits(PASSWORD, passwords.NOBODYS)


def test_hash_of_other_parameters_fits_and_is_outdated():
    kept = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)
    assert passwords.fits(PASSWORD, kept)
    assert passwords.is_outdated(kept)


@pytest.mark.parametrize("work", [passwords.hashed, lambda password: passwords.fits(password, passwords.NOBODYS)])
def test_hashing_waits_its_turn_and_does_not_wait_for_ever(monkeypatch, work):
    monkeypatch.setattr(passwords, "WAIT_S", 0.01)
    done = threading.Event()
    for _ in range(passwords.AT_ONCE):
        passwords.WORKERS.submit(done.wait)
    try:
        with pytest.raises(TooManyTries):
            work(PASSWORD)
    finally:
        done.set()
    monkeypatch.undo()
    work(PASSWORD)


def test_what_is_no_hash_fits_nothing():
    assert not passwords.fits(PASSWORD, "$argon2id$nonsense")
