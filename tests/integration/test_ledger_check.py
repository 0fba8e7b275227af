"""The comparison of ledgers sees every kind of difference; else an even balance would say nothing."""

from __future__ import annotations

import pytest

from ingest.broker import Message
from ingest.pipeline import store_batch
from lighttrap import wire
from lighttrap.store import readings
from tests.builders import BOOT, NIGHTFALL, TRAP, a_reading, a_topic, a_trap
from tests.ledger_check import Balance, balance

BODIES = [a_reading(seq).payload() for seq in (1, 2, 3)]
SENT = {(TRAP, BOOT, seq): wire.sha_of(body) for seq, body in enumerate(BODIES, 1)}
POISON = {(a_topic().encode(), wire.sha_of(b"?")): "not_json"}


@pytest.fixture
def kept(conn):
    a_trap(conn)
    readings.create_stage(conn)
    received_s = NIGHTFALL.timestamp() + 86_400
    messages = [Message(1, mid, 1, a_topic().encode(), body, received_s) for mid, body in enumerate([*BODIES, b"?"], 1)]
    store_batch(conn, messages)
    conn.commit()
    return conn


def differences(conn) -> set[str]:
    found = balance(conn, SENT, poison=POISON)
    return {name for name, value in zip(Balance._fields, found, strict=True) if value}


def test_what_was_kept_whole_is_even(kept):
    assert balance(kept, SENT, poison=POISON).is_even


@pytest.mark.parametrize(
    ("harm", "seen"),
    [
        ("DELETE FROM reading WHERE seq = 2", {"lost", "wrong_catches", "wrong_nights", "wrong_ledger"}),
        ("INSERT INTO reading SELECT * FROM reading WHERE seq = 2", {"twice", "wrong_catches", "wrong_nights"}),
        ("UPDATE reading SET seq = 9 WHERE seq = 2", {"lost", "invented", "wrong_ledger"}),
        ("UPDATE reading SET sha = '\\x00' WHERE seq = 2", {"corrupt"}),
        ("UPDATE catch SET count = count + 1", {"wrong_catches"}),
        ("UPDATE trap_night SET lamp_s = lamp_s - 1", {"wrong_nights"}),
        ("UPDATE ledger SET stored = '{[1,3)}'", {"wrong_ledger"}),
        ("DELETE FROM quarantine", {"unrefused"}),
        ("UPDATE quarantine SET reason = 'invalid'", {"unrefused", "wrongly_refused"}),
        ("UPDATE quarantine SET sha = '\\x00'", {"unrefused", "wrongly_refused"}),
    ],
)
def test_harm_is_seen(kept, harm, seen):
    kept.execute(harm)
    kept.commit()
    assert differences(kept) == seen
