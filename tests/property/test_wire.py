"""Any bytes are a packet or a PacketError; nothing that could corrupt a count passes."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lighttrap import topics, wire
from lighttrap.errors import PacketError
from tests import corpus

KINDS = st.sampled_from(topics.Kind)
GOLDEN = corpus.golden()
REASONS = {"too_large", "not_utf8", "not_json", "too_deep", "duplicate_key", "unknown_version", "invalid"}

# Strategies


def optional(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | inner


counters = st.integers(0, wire.MAX_INTEGER)
seqs = st.integers(1, wire.MAX_INTEGER)
slugs = st.from_regex(r"[a-z0-9]{1,9}(-[a-z0-9]{1,9}){0,3}", fullmatch=True)
labels = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=[chr(n) for n in [*range(32), 127]]), max_size=256
)
zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(1970, 1, 1), datetime(2106, 3, 1), timezones=zones)  # noqa: DTZ001 - naive bounds are what it takes
times_of_day = st.times().map(lambda time: time.strftime("%H:%M"))


def sensor(low: float, high: float) -> st.SearchStrategy[float | None]:
    return optional(st.floats(low, high))


@st.composite
def readings(draw: st.DrawFn) -> wire.ReadingPacket:
    start = draw(instants)
    length = draw(st.timedeltas(timedelta(microseconds=1), timedelta(hours=24)))
    before = draw(optional(st.tuples(counters, counters))) or (None, None)
    return wire.ReadingPacket(
        v=1, boot=draw(counters), seq=draw(seqs), start=start, end=(start.astimezone(UTC) + length),
        lamp_s=draw(st.integers(0, int(length.total_seconds()))),
        counts=draw(st.dictionaries(slugs, st.integers(0, wire.MAX_COUNT), max_size=8)),
        temperature_c=draw(sensor(-40, 80)), humidity_pct=draw(sensor(0, 100)), rain_mm=draw(sensor(0, 500)),
        wind_m_s=draw(sensor(0, 100)), light_lx=draw(sensor(0, 200_000)), battery_v=draw(sensor(0, 100)),
        panel_v=draw(sensor(0, 500)), signal_dbm=draw(sensor(-200, 0)),
        model_version=draw(optional(labels)), image_ref=draw(optional(labels)),
        prev_boot=before[0], prev_last_seq=before[1],
    )  # fmt: skip


statuses = st.builds(
    wire.StatusPacket, v=st.just(1), online=st.booleans(), at=optional(instants), boot=optional(counters),
    last_seq=optional(counters), firmware=optional(labels), battery_v=sensor(0, 100), panel_v=sensor(0, 500),
    signal_dbm=sensor(-200, 0),
)  # fmt: skip
ranges = st.tuples(counters, seqs, seqs).map(lambda span: (span[0], *sorted(span[1:])))
events = st.builds(
    lambda event, at, note, span: wire.EventPacket(
        v=1, event="gone" if span else event, at=at, note=note,
        boot=span and span[0], from_seq=span and span[1], to_seq=span and span[2],
    ),
    slugs.filter(lambda word: len(word) <= 32 and word != "gone"), instants, optional(labels), optional(ranges),
)  # fmt: skip
summaries = st.builds(
    lambda night, span, lamp_s, totals: wire.SummaryPacket(
        v=1, night=night, boot=span[0], first_seq=span[1], last_seq=span[2], lamp_s=lamp_s, totals=totals
    ),
    st.dates(), ranges, st.integers(0, 86_400), st.dictionaries(slugs, counters, max_size=8),
)  # fmt: skip
stored = st.builds(
    wire.StoredPacket, v=st.just(1), at=instants,
    stored=st.lists(st.builds(wire.Watermark, boot=counters, seq=counters), max_size=9),
)  # fmt: skip
resends = ranges.map(
    lambda span: wire.CommandPacket(v=1, command="resend", boot=span[0], from_seq=span[1], to_seq=span[2])
)
settings_of_a_trap = st.builds(
    wire.CommandPacket, v=st.just(1), command=st.just("set"), interval_s=st.integers(60, 86_400),
    lamp_from=optional(times_of_day), lamp_to=optional(times_of_day),
)  # fmt: skip
packets = st.one_of(readings(), statuses, events, summaries, stored, resends, settings_of_a_trap)


def json_values_of(scalars: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
        max_leaves=5,
    )


plain_scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
finite_json = json_values_of(plain_scalars | st.floats(allow_nan=False, allow_infinity=False))
json_values = json_values_of(plain_scalars | st.floats() | st.text(st.characters(categories=["Cs"]), max_size=2))


@st.composite
def damaged(draw: st.DrawFn) -> tuple[topics.Kind, bytes]:
    """A golden packet with some bytes changed, left out, doubled or put in: near enough to the truth to get far."""
    case = draw(st.sampled_from(GOLDEN))
    payload = bytearray(case.payload)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(payload)))
        until = min(len(payload), at + draw(st.integers(0, 12)))
        wedge = draw(
            st.binary(max_size=6) | st.sampled_from([b'"', b"\\", b"{", b"[", b",", b"null", b"1e999", b"NaN"])
        )
        payload[at:until] = draw(st.sampled_from([wedge, bytes(payload[at:until]) * 2, b""]))
    return case.kind, bytes(payload)


@st.composite
def with_one_field_changed(draw: st.DrawFn) -> tuple[topics.Kind, bytes]:
    """A golden packet with any JSON value in the place of one of its own."""
    case = draw(st.sampled_from(GOLDEN))
    document = json.loads(case.payload)
    document[draw(st.sampled_from(sorted(document)) | st.text())] = draw(json_values)
    return case.kind, json.dumps(document, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")


def packet_or_refusal(kind: topics.Kind, payload: bytes) -> wire.Packet | None:
    """The packet, or None when it was refused; any other exception fails the test that asked."""
    try:
        packet = wire.decode(kind, payload)
    except PacketError as fault:
        refused = (fault.reason in REASONS, fault.detail != "")
        assert refused == (True, True)
        return None
    assert type(packet) is wire.PACKETS[kind]
    return packet


# Promises


@settings(max_examples=2_000)
@given(KINDS, st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(topics.Kind.READING, b"[" * 60_000)
def test_any_bytes_are_a_packet_or_a_refusal(kind: topics.Kind, payload: bytes):
    packet_or_refusal(kind, payload)


@settings(max_examples=2_000)
@given(damaged() | with_one_field_changed())
def test_damaged_packet_is_a_packet_or_a_refusal(message: tuple[topics.Kind, bytes]):
    packet = packet_or_refusal(*message)
    if packet is not None:
        assert wire.decode(packet.kind, packet.payload()) == packet


@settings(max_examples=500)
@given(packets)
def test_packet_written_and_read_is_the_same_packet(packet: wire.Packet):
    assert wire.decode(packet.kind, packet.payload()) == packet


@settings(max_examples=300)
@given(packets, st.data())
def test_packet_cut_short_is_refused(packet: wire.Packet, data: st.DataObject):
    payload = packet.payload()
    cut = data.draw(st.integers(0, len(payload) - 1))
    assert packet_or_refusal(packet.kind, payload[:cut]) is None


class _Writer:
    """Writes JSON as no serialiser would: blanks anywhere, characters of keys as escapes."""

    def __init__(self, seed: int, *, escapes: bool) -> None:
        self._chance = random.Random(seed)
        self._escapes = escapes

    def write(self, members: list[tuple[str, Any]]) -> str:
        """A JSON object of these members, in this order, some keys perhaps twice."""
        pairs = (
            f"{self._blank()}{self._key(key)}{self._blank()}:{self._blank()}"
            f"{value if isinstance(value, _Raw) else json.dumps(value)}{self._blank()}"
            for key, value in members
        )
        return "{" + ",".join(pairs) + "}"

    def _blank(self) -> str:
        return "".join(self._chance.choices(" \t\r\n", k=self._chance.choice((0, 0, 1, 3))))

    def _key(self, text: str) -> str:
        if not self._escapes:
            return json.dumps(text)
        return '"' + "".join(f"\\u{ord(char):04x}" if self._chance.random() < 0.3 else char for char in text) + '"'


writers = st.builds(_Writer, st.integers(0, 2**32), escapes=st.booleans())


class _Raw(str):
    """JSON text already written."""

    __slots__ = ()


@st.composite
def with_a_key_twice(draw: st.DrawFn) -> tuple[topics.Kind, bytes]:
    """A packet in which one key stands twice: its own, or one within counts, or one that nobody knows."""
    case = draw(st.sampled_from(GOLDEN))
    document = json.loads(case.payload)
    members = list(document.items())
    inside = [key for key, value in document.items() if isinstance(value, dict) and value]
    writer = draw(writers)
    where = draw(st.sampled_from(["in a value", "unknown", "own"]))
    if inside and where == "in a value":
        key = draw(st.sampled_from(inside))
        twice = writer.write(doubled(draw, list(document[key].items())))
        members = [(name, _Raw(twice) if name == key else value) for name, value in members]
    elif where == "unknown":
        members += [("nobody-knows", 1), ("nobody-knows", draw(st.integers()))]
    else:
        members = doubled(draw, members)
    return case.kind, writer.write(members).encode()


def doubled(draw: st.DrawFn, members: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The members with one of them again somewhere, with the same value, null, or that of another."""
    key, value = draw(st.sampled_from(members))
    again = draw(st.sampled_from([value, None, *(other for _, other in members)]))
    place = draw(st.integers(0, len(members)))
    return [*members[:place], (key, again), *members[place:]]


@settings(max_examples=2_000)
@given(with_a_key_twice())
def test_key_that_stands_twice_is_always_refused(message: tuple[topics.Kind, bytes]):
    kind, payload = message
    with pytest.raises(PacketError) as caught:
        wire.decode(kind, payload)
    assert caught.value.reason == "duplicate_key"


@settings(max_examples=500)
@given(st.sampled_from(GOLDEN), writers)
def test_blanks_and_escapes_change_nothing(case: corpus.Golden, writer: _Writer):
    text = writer.write(list(json.loads(case.payload).items()))
    assert wire.decode(case.kind, text.encode()) == wire.decode(case.kind, case.payload)


@settings(max_examples=300)
@given(readings(), st.dictionaries(st.text(), finite_json, max_size=4))
def test_unknown_fields_change_nothing(packet: wire.ReadingPacket, more: dict[str, Any]):
    document = {**more, **json.loads(packet.payload())}
    assume(not set(more) & set(wire.ReadingPacket.model_fields))
    assert wire.decode(topics.Kind.READING, json.dumps(document).encode()) == packet
