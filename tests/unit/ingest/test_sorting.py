from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingest.broker import Message
from ingest.sorting import rounds, sort_messages
from lighttrap import topics, wire
from lighttrap.store.readings import StagedReading
from tests import corpus
from tests.builders import BOOT, ORG, TRAP, a_reading, a_topic
from tests.corpus import Golden

RECEIVED = datetime(2026, 11, 23, 12, tzinfo=UTC)
GOLDEN = corpus.golden()


def a_message(
    payload: bytes | None = None, topic: str | bytes | None = None, *, received: datetime = RECEIVED
) -> Message:
    if payload is None:
        payload = a_reading().payload()
    raw = topic or a_topic()
    return Message(
        1, 1, 1, raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw, payload, received.timestamp()
    )


def staged(place: int, *, trap_id: str = TRAP, boot: int = BOOT, seq: int = 1, note: bytes = b"") -> StagedReading:
    return StagedReading(place, ORG, trap_id, a_reading(seq, boot=boot), RECEIVED, wire.sha_of(note))


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.name)
def test_golden_packet_finds_its_place(case: Golden):
    batch = sort_messages([a_message(case.payload, a_topic(case.kind))])
    if case.kind not in topics.UP:
        assert [refused.reason for refused in batch.refusals] == ["topic"]
    elif case.kind is topics.Kind.READING:
        assert [(one.org_id, one.trap_id, one.sha) for one in batch.readings] == [
            (ORG, TRAP, wire.sha_of(case.payload))
        ]
        assert (batch.news, batch.refusals) == ([], [])
    else:
        assert [type(one.packet) for one in batch.news] == [wire.PACKETS[case.kind]]
        assert (batch.readings, batch.refusals) == ([], [])


def test_poison_harms_no_neighbour_and_everything_keeps_its_place():
    bad = corpus.malformed()
    messages = []
    for number, case in enumerate(bad, start=1):
        messages += [a_message(case.payload, a_topic(case.kind)), a_message(a_reading(number).payload())]
    batch = sort_messages(messages)
    assert [refused.reason for refused in batch.refusals] == [case.reason for case in bad]
    assert [refused.payload for refused in batch.refusals] == [case.payload for case in bad]
    assert [(one.place, one.packet.seq) for one in batch.readings] == [(2 * n - 1, n) for n in range(1, len(bad) + 1)]


@pytest.mark.parametrize(
    ("topic", "raw", "trap_id"),
    [
        (b"lighttrap/v1/soc-trang/st-\xff/reading", b"lighttrap/v1/soc-trang/st-\xff/reading", None),
        ("lighttrap/v1/soc-trang/\ud800/reading", b"lighttrap/v1/soc-trang/\xed\xa0\x80/reading", None),
        ("lighttrap/v1/sóc-trăng/st-014/reading", "lighttrap/v1/sóc-trăng/st-014/reading".encode(), None),
        ("elsewhere", b"elsewhere", None),
        ("lighttrap/v1/soc-trang/st-014/command", b"lighttrap/v1/soc-trang/st-014/command", TRAP),
    ],
)
def test_message_on_a_strange_topic_is_kept_as_it_came(topic: str | bytes, raw: bytes, trap_id: str | None):
    (refused,) = sort_messages([a_message(topic=topic)]).refusals
    assert (refused.reason, refused.topic, refused.trap_id) == ("topic", raw, trap_id)
    assert (refused.payload, refused.received_at) == (a_reading().payload(), RECEIVED)


def test_refusal_names_the_trap_where_the_topic_does():
    (refused,) = sort_messages([a_message(b"[]")]).refusals
    assert (refused.reason, refused.trap_id) == ("invalid", TRAP)


def test_key_stands_once_in_each_round_and_first_comes_first():
    readings = [staged(0), staged(1, seq=2), staged(2, note=b"x"), staged(3, boot=5), staged(4, trap_id="st-015")]
    readings.append(staged(5, note=b"y"))
    assert [[one.place for one in once] for once in rounds(readings)] == [[0, 1, 3, 4], [2], [5]]


def test_same_message_again_is_a_copy_and_needs_no_round():
    [once] = rounds([staged(place) for place in range(4000)])
    assert [(one.place, one.copies) for one in once] == [(0, 4000)]


def test_same_key_with_other_bytes_is_judged_in_a_later_round():
    assert [[one.place for one in once] for once in rounds([staged(0, note=b"a"), staged(1, note=b"b")])] == [[0], [1]]


def test_no_readings_are_no_rounds():
    assert list(rounds([])) == []
