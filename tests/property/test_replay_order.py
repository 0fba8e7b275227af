"""The heart: whatever the order, however often, however cut into batches, the store ends up the same.

Each example plays the same messages into two pairs of traps: once in order, one message a batch, and once shuffled,
some many times, cut anywhere. Then both sides must look alike, and be what a plain sum over the messages says.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.broker import Message
from ingest.pipeline import Outcome, store_batch
from lighttrap import model, night, topics, wire
from lighttrap.store import fields, ledger, readings, traps
from lighttrap.store.pool import Connection
from tests.builders import ORG, a_topic, a_trap

NOON = datetime(2026, 11, 22, 5, tzinfo=UTC)
"""Noon in Sóc Trăng, and 06:00 in Berlin."""
IN_SERVICE_FROM = NOON - timedelta(days=1)
RECEIVED_S = (NOON + timedelta(days=9)).timestamp()
ZONES = {"a": "Asia/Ho_Chi_Minh", "b": "Europe/Berlin"}
BOOTS = (3_021_994_417, 88)
LAST_SEQ = 12
SPECIES = ("nilaparvata-lugens", "sogatella-furcifera", "unidentified")


@dataclass(frozen=True)
class Sent:
    """A packet of trap `a` or `b` of one side."""

    trap: str
    packet: wire.Packet

    def message(self, side: str) -> Message:
        """The MQTT message, with the very same bytes on either side."""
        topic = a_topic(self.packet.kind, trap_id=f"{self.trap}-{side}")
        return Message(1, 1, 1, topic.encode(), self.packet.payload(), RECEIVED_S)


@st.composite
def readings_sent(draw: st.DrawFn) -> Sent:
    """A reading of any length and time; some are from before their trap came into service."""
    start = NOON + draw(st.timedeltas(timedelta(hours=-30), timedelta(hours=60)))
    length = draw(st.sampled_from([600.0, 600.4, 0.4, 0.5, 3_600.0, 43_200.0, 86_400.0]) | st.floats(0.001, 86_400))
    before = draw(st.sampled_from([(None, None), (None, None), (BOOTS[1], LAST_SEQ + 3)]))
    packet = wire.ReadingPacket(
        v=1, boot=draw(st.sampled_from(BOOTS)), seq=draw(st.integers(1, LAST_SEQ)),
        start=start, end=start + timedelta(seconds=length), lamp_s=draw(st.integers(0, int(length))),
        counts=draw(st.dictionaries(st.sampled_from(SPECIES), st.integers(0, 1_000_000))),
        temperature_c=draw(st.none() | st.floats(-40, 80)), rain_mm=draw(st.none() | st.floats(0, 9)),
        model_version=draw(st.none() | st.just("x\\N\t".strip())),
        prev_boot=before[0], prev_last_seq=before[1],
    )  # fmt: skip
    return Sent(draw(st.sampled_from("ab")), packet)


@st.composite
def news_sent(draw: st.DrawFn) -> Sent:
    """What moves the ledger without being a reading: seqs lost for ever, and the last one given out."""
    boot = draw(st.sampled_from(BOOTS))
    first, last = sorted(draw(st.tuples(st.integers(1, LAST_SEQ + 4), st.integers(1, LAST_SEQ + 4))))
    gone = wire.EventPacket(v=1, event="gone", at=NOON, boot=boot, from_seq=first, to_seq=last)
    status = wire.StatusPacket(v=1, online=True, at=NOON, boot=boot, last_seq=last)
    return Sent(draw(st.sampled_from("ab")), draw(st.sampled_from([gone, status])))


@st.composite
def stories(draw: st.DrawFn) -> list[Sent]:
    """Readings, no two under one key, and news, in some order."""
    told = draw(st.lists(readings_sent(), min_size=1, max_size=16, unique_by=lambda one: key_of(one)))
    return draw(st.permutations(told + draw(st.lists(news_sent(), max_size=4))))


@dataclass(frozen=True)
class Retelling:
    """How a story comes a second time: places of its messages, each at least once, and where batches end."""

    places: tuple[int, ...]
    cuts: tuple[int, ...]

    def batches(self, story: Sequence[Sent]) -> list[list[Sent]]:
        """The story, retold."""
        ends = [*self.cuts, len(self.places)]
        return [[story[place] for place in self.places[start:end]] for start, end in itertools.pairwise([0, *ends])]


@st.composite
def told_twice(draw: st.DrawFn) -> tuple[list[Sent], Retelling]:
    """A story and its retelling."""
    story = draw(stories())
    again = draw(st.lists(st.integers(0, len(story) - 1), max_size=len(story)))
    places = draw(st.permutations([*range(len(story)), *again]))
    cuts = draw(st.sets(st.integers(1, len(places)), max_size=6))
    return story, Retelling(tuple(places), tuple(sorted(cuts)))


def key_of(one: Sent) -> tuple[str, int, int]:
    assert isinstance(one.packet, wire.ReadingPacket)
    return one.trap, one.packet.boot, one.packet.seq


def is_in_service(packet: wire.ReadingPacket) -> bool:
    return packet.start >= IN_SERVICE_FROM


def readings_of(story: Sequence[Sent]) -> list[tuple[str, wire.ReadingPacket]]:
    return [(one.trap, one.packet) for one in story if isinstance(one.packet, wire.ReadingPacket)]


# The two sides

numbers = itertools.count(1)
Play = Callable[[str, Sequence[Sequence[Sent]]], Counter[str]]


@pytest.fixture
def new_side(conn: Connection) -> Callable[[], str]:
    """Registers two more traps, `a-N` in the default zone and `b-N` in a field of Berlin, and returns N."""
    field = model.Field(field_id="berlin", org_id=ORG, name="Berlin", time_zone="Europe/Berlin")
    a_trap(conn, "any-trap")
    fields.put_field(conn, field)
    readings.create_stage(conn)
    conn.commit()

    def make() -> str:
        side = f"{next(numbers):05d}"
        for trap in "ab":
            a_trap(conn, f"{trap}-{side}", in_service_from=IN_SERVICE_FROM)
        traps.deploy(conn, trap_id=f"b-{side}", field_id="berlin", at=NOON - timedelta(days=99))
        conn.commit()
        return side

    return make


@pytest.fixture
def play(conn: Connection) -> Play:
    """Stores batches, each in a transaction of its own, and adds up what became of the messages."""

    def store(side: str, batches: Sequence[Sequence[Sent]]) -> Counter[str]:
        total = Counter[str]()
        for batch in batches:
            outcome = store_batch(conn, [one.message(side) for one in batch])
            conn.commit()
            assert count_of(outcome) == len(batch)
            total.update(stored=outcome.stored, duplicate=outcome.duplicate, noted=outcome.noted)
            total.update(outcome.refused)
        return total

    return store


def count_of(outcome: Outcome) -> int:
    return outcome.stored + outcome.duplicate + outcome.noted + outcome.refused.total()


TABLES = {
    "reading": "SELECT to_jsonb(reading) - 'trap_id' FROM reading WHERE trap_id = %s ORDER BY boot, seq",
    "catch": "SELECT species, night, count, lamp_s, readings FROM catch WHERE trap_id = %s ORDER BY species, night",
    "trap_night": "SELECT night, lamp_s, covered_s, readings, first_at, last_at, rain_um, temperature_min_c,"
    " temperature_max_c FROM trap_night WHERE trap_id = %s ORDER BY night",
    "ledger": "SELECT boot, stored::text, rejected::text, gone::text, sent_upto FROM ledger WHERE trap_id = %s"
    " ORDER BY boot",
}
RECOMPUTED = """
    SELECT c.key, r.night, sum(c.value::bigint)::bigint, sum(r.lamp_s), count(*)
    FROM reading r CROSS JOIN LATERAL jsonb_each_text(r.counts) AS c
    WHERE r.trap_id = %s GROUP BY c.key, r.night ORDER BY c.key, r.night
"""


def table(conn: Connection, name: str, side: str) -> list[tuple[Any, ...]]:
    """A table's rows of one side, without what tells the sides apart."""
    return [(trap, *row) for trap in "ab" for row in conn.execute(TABLES[name], [f"{trap}-{side}"]).fetchall()]


# Promises

# A failure is made small before it is shown, which takes minutes on a database.
pytestmark = pytest.mark.timeout(600)
lively = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@lively
@given(told=told_twice())
def test_any_order_any_number_of_times_in_any_batches_ends_up_the_same(
    conn: Connection, new_side: Callable[[], str], play: Play, told: tuple[list[Sent], Retelling]
):
    story, retelling = told
    straight, crooked = new_side(), new_side()
    play(straight, [[one] for one in story])
    play(crooked, retelling.batches(story))
    for name in TABLES:
        assert table(conn, name, crooked) == table(conn, name, straight), name


@lively
@given(told=told_twice())
def test_store_holds_what_a_plain_sum_over_the_readings_says(
    conn: Connection, new_side: Callable[[], str], play: Play, told: tuple[list[Sent], Retelling]
):
    story, retelling = told
    side = new_side()
    play(side, retelling.batches(story))
    counts, nights = Counter[tuple[str, str, date]](), Counter[tuple[str, date]]()
    for trap, packet in readings_of(story):
        if is_in_service(packet):
            evening = night.night_of(night.middle(packet.start, packet.end), ZONES[trap])
            nights[trap, evening] += packet.lamp_s
            counts.update({(trap, species, evening): number for species, number in packet.counts.items()})
    assert {row[:3]: row[3] for row in table(conn, "catch", side)} == dict(counts)
    assert {row[:2]: row[2] for row in table(conn, "trap_night", side)} == dict(nights)
    for trap in "ab":
        recomputed = conn.execute(RECOMPUTED, [f"{trap}-{side}"]).fetchall()
        assert conn.execute(TABLES["catch"], [f"{trap}-{side}"]).fetchall() == recomputed


@lively
@given(told=told_twice())
def test_ledger_accounts_for_every_seq_and_every_message(
    conn: Connection, new_side: Callable[[], str], play: Play, told: tuple[list[Sent], Retelling]
):
    story, retelling = told
    side = new_side()
    fates = play(side, retelling.batches(story))
    lines = [line for trap in "ab" for line in ledger.lines(conn, trap_id=f"{trap}-{side}")]
    for line in lines:
        assert line.sent == line.stored + line.rejected + line.gone + line.missing
        assert 0 <= line.watermark <= line.sent
    good = [packet for _, packet in readings_of(story) if is_in_service(packet)]
    again = Counter(retelling.places)
    assert sum(line.stored for line in lines) == fates["stored"] == len(good)
    assert sum(line.duplicate for line in lines) == fates["duplicate"]
    assert sum(line.rejected for line in lines) == len(readings_of(story)) - len(good)
    repeats = sum(
        again[place] - 1
        for place, one in enumerate(story)
        if isinstance(one.packet, wire.ReadingPacket) and is_in_service(one.packet)
    )
    assert fates["duplicate"] == repeats


@lively
@given(told=told_twice(), data=st.data())
def test_watermark_never_passes_a_seq_that_may_still_come(
    conn: Connection, new_side: Callable[[], str], play: Play, told: tuple[list[Sent], Retelling], data: st.DataObject
):
    """Looks after every batch, for a trap may be told at any moment, and frees what it is told."""
    story, retelling = told
    side = new_side()
    given_up = {
        (one.trap, one.packet.boot, seq)
        for one in story
        if isinstance(one.packet, wire.EventPacket) and one.packet.from_seq and one.packet.to_seq
        for seq in range(one.packet.from_seq, one.packet.to_seq + 1)
    }
    come: set[tuple[str, int, int]] = set()
    for batch in retelling.batches(story):
        play(side, [batch])
        come |= {(trap, packet.boot, packet.seq) for trap, packet in readings_of(batch)}
        for mark in ledger.watermarks(conn, [(f"{trap}-{side}", boot) for trap in "ab" for boot in BOOTS]):
            told_safe = {(mark.trap_id[0], mark.boot, seq) for seq in range(1, mark.seq + 1)}
            assert told_safe <= come | given_up


@lively
@given(told=told_twice(), data=st.data())
def test_second_reading_under_a_key_is_kept_apart_and_changes_nothing(
    conn: Connection, new_side: Callable[[], str], play: Play, told: tuple[list[Sent], Retelling], data: st.DataObject
):
    story, retelling = told
    side = new_side()
    play(side, retelling.batches(story))
    before = {name: table(conn, name, side) for name in TABLES}
    stored = [Sent(trap, packet) for trap, packet in readings_of(story) if is_in_service(packet)]
    forged = [
        Sent(one.trap, one.packet.model_copy(update={"counts": {"unidentified": 999_999}, "image_ref": "forged"}))
        for one in data.draw(st.lists(st.sampled_from(stored), max_size=5) if stored else st.just([]))
    ]
    assert play(side, [forged])["key_conflict"] == len(forged)
    assert {name: table(conn, name, side) for name in TABLES} == before


@pytest.mark.parametrize("together", [True, False])
def test_reading_put_right_under_its_key_is_stored_and_rolled_up(
    conn: Connection, new_side: Callable[[], str], play: Play, together: bool
):
    side = new_side()
    wrong = wire.ReadingPacket(
        v=1, boot=5, seq=1, start=NOON - timedelta(days=365), end=NOON - timedelta(days=364), lamp_s=0,
        counts={"nilaparvata-lugens": 41},
    )  # fmt: skip
    right = wrong.model_copy(update={"start": NOON, "end": NOON + timedelta(minutes=10)})
    batch = [Sent("a", wrong), Sent("a", right)]
    assert play(side, [batch] if together else [[one] for one in batch]) == Counter(stored=1, clock_behind=1)
    assert [row[1:4] for row in table(conn, "catch", side)] == [("nilaparvata-lugens", date(2026, 11, 22), 41)]
    (line,) = ledger.lines(conn, trap_id=f"a-{side}")
    assert (line.sent, line.stored, line.rejected, line.missing) == (1, 1, 0, 0)


def test_messages_of_both_traps_are_understood(conn: Connection, new_side: Callable[[], str], play: Play):
    """Guards the tests above against a story that says nothing."""
    side = new_side()
    start, end = NOON, NOON + timedelta(minutes=10)
    packet = wire.ReadingPacket(v=1, boot=5, seq=1, start=start, end=end, lamp_s=600, counts={"nilaparvata-lugens": 41})
    assert play(side, [[Sent("a", packet), Sent("b", packet)]])["stored"] == 2
    assert [row[:4] for row in table(conn, "catch", side)] == [
        ("a", "nilaparvata-lugens", date(2026, 11, 22), 41),
        ("b", "nilaparvata-lugens", date(2026, 11, 21), 41),
    ]
    assert topics.parse(Sent("a", packet).message(side).topic.decode()).trap_id == f"a-{side}"
