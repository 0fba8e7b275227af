"""The publishers' ledger remembers what was sent, what the broker took, and what died with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lighttrap import wire
from tests.builders import BOOT, TRAP, a_reading, a_topic
from tests.chaos.journal import SUCCESS, Journal, Outgoing


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "journal.jsonl")
    yield made
    made.close()


def a_message(seq: int, poison: str = "") -> Outgoing:
    return Outgoing(TRAP, BOOT, seq, a_topic(), a_reading(seq).payload(), poison)


def test_message_is_on_the_disk_before_it_is_sent(journal):
    journal.sending([a_message(1)])
    assert f'"seq": 1, "topic": "{a_topic()}"' in journal.path.read_text()


def test_only_what_the_broker_took_must_be_kept(journal):
    taken, refused, _unanswered = journal.sending([a_message(1), a_message(2), a_message(3)])
    journal.answered(taken, SUCCESS)
    journal.answered(refused, "No matching subscribers")
    assert journal.account().unsure == {(TRAP, BOOT, 2), (TRAP, BOOT, 3)}


def test_what_a_dead_broker_took_is_at_risk_until_another_takes_it(journal):
    for number in journal.sending([a_message(1), a_message(2)]):
        journal.answered(number, SUCCESS)
    journal.broker_died()
    [again] = journal.sending([a_message(2)])
    journal.answered(again, SUCCESS)
    assert journal.account().at_risk == {(TRAP, BOOT, 1)}


def test_invalid_message_is_known_by_its_topic_and_hash(journal):
    journal.sending([a_message(1, poison="clock_ahead")])
    account = journal.account()
    assert account.sent == {}
    assert account.poison == {(a_topic().encode(), wire.sha_of(a_message(1).payload)): "clock_ahead"}
