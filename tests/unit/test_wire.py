from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from lighttrap import topics, wire
from lighttrap.errors import PacketError
from tests import corpus
from tests.builders import a_reading
from tests.corpus import Golden, Malformed

READING = topics.Kind.READING
GOLDEN = {case.name: case for case in corpus.golden()}
PLAIN = GOLDEN["reading.json"].payload
SENSORS = ("_c", "_pct", "_mm", "_m_s", "_lx", "_v", "_dbm")


def decode_reading(payload: bytes) -> wire.ReadingPacket:
    packet = wire.decode(READING, payload)
    assert isinstance(packet, wire.ReadingPacket)
    return packet


def reason_of(kind: topics.Kind, payload: bytes) -> str:
    with pytest.raises(PacketError) as caught:
        wire.decode(kind, payload)
    return caught.value.reason


def plain(packet: wire.Packet) -> dict[str, Any]:
    """A packet's fields as JSON would have them, times in UTC."""
    return {key: _plain(value) for key, value in packet if value is not None}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any field's value
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, date):
        return value.isoformat()
    return [mark.model_dump() for mark in value] if isinstance(value, list) else value


def expected(case: Golden) -> dict[str, Any]:
    """The file's own fields, read by nothing of ours."""
    document = json.loads(case.payload)
    times = {key: datetime.fromisoformat(document[key]) for key in ("start", "end", "at") if key in document}
    return {key: times.get(key, value) for key, value in document.items() if key not in case.ignored}


# What is right


@pytest.mark.parametrize("case", GOLDEN.values(), ids=lambda case: case.name)
def test_golden_packet_is_read_as_it_is_written(case: Golden):
    assert plain(wire.decode(case.kind, case.payload)) == expected(case)


@pytest.mark.parametrize("case", GOLDEN.values(), ids=lambda case: case.name)
def test_golden_packet_written_again_is_the_same_packet(case: Golden):
    packet = wire.decode(case.kind, case.payload)
    assert wire.decode(case.kind, packet.payload()) == packet


def test_example_of_the_whole_trace_is_understood():
    packet = decode_reading(PLAIN)
    assert (packet.boot, packet.seq, packet.lamp_s) == (3_021_994_417, 812, 600)
    assert packet.start == datetime(2026, 11, 22, 13, 30, tzinfo=UTC)
    assert packet.end - packet.start == timedelta(minutes=10)
    assert packet.counts == {"nilaparvata-lugens": 41}
    assert (packet.battery_v, packet.temperature_c, packet.rain_mm) == (12.4, 27.1, None)


def test_every_kind_has_a_golden_packet_and_every_file_an_entry():
    assert {case.kind for case in GOLDEN.values()} == set(topics.Kind) == set(wire.PACKETS)
    assert set(GOLDEN) == corpus.files_of("packets")


def test_every_field_stands_in_a_golden_packet():
    shown = {(case.kind, field) for case in GOLDEN.values() for field in json.loads(case.payload)}
    known = {(kind, field) for kind, packet in wire.PACKETS.items() for field in packet.model_fields}
    assert known <= shown


def test_null_is_the_same_as_left_out():
    assert decode_reading(PLAIN[:-1] + b', "rain_mm": null, "image_ref": null}') == decode_reading(PLAIN)


def test_payload_of_the_full_size_is_read():
    assert decode_reading(PLAIN.ljust(wire.MAX_PAYLOAD_BYTES)).seq == 812


def test_interval_of_a_whole_day_is_read_and_a_microsecond_more_is_not():
    start = a_reading().start
    assert decode_reading(a_reading(end=start + timedelta(hours=24)).payload()).start == start
    with pytest.raises(ValidationError):
        a_reading(end=start + timedelta(hours=24, microseconds=1))


def test_sixty_four_species_are_read():
    counts = {f"species-{number}": number for number in range(wire.MAX_SPECIES)}
    assert decode_reading(a_reading(counts=counts).payload()).counts == counts


def test_unknown_field_eight_deep_is_left_out():
    deep = b', "x": ' + b"[" * 7 + b"1" + b"]" * 7 + b"}"
    assert decode_reading(PLAIN[:-1] + deep) == decode_reading(PLAIN)


def test_hash_is_of_the_very_bytes():
    assert wire.sha_of(PLAIN) == hashlib.sha256(PLAIN).digest() != wire.sha_of(PLAIN + b"\n")


# What is wrong


@pytest.mark.parametrize("case", corpus.malformed(), ids=lambda case: case.name)
def test_malformed_payload_is_refused_with_its_reason(case: Malformed):
    assert reason_of(case.kind, case.payload) == case.reason


def test_every_malformed_file_has_an_entry():
    assert {case.name for case in corpus.malformed()} >= corpus.files_of("malformed")


@pytest.mark.parametrize("case", GOLDEN.values(), ids=lambda case: case.name)
def test_field_of_another_type_is_refused(case: Golden):
    document = json.loads(case.payload)
    for name in expected(case):
        own = float if name.endswith(SENSORS) else type(document[name])
        for other in (True, 5, 5.5, "5", [], {}, [5], {"a": 5}):
            if type(other) is own or (own is float and type(other) is int):
                continue
            changed = json.dumps({**document, name: other}).encode()
            assert reason_of(case.kind, changed) == "invalid", (name, other)


@pytest.mark.parametrize("case", GOLDEN.values(), ids=lambda case: case.name)
def test_packet_cut_short_anywhere_is_refused(case: Golden):
    for length in range(len(case.payload)):
        assert reason_of(case.kind, case.payload[:length]) in {"not_json", "not_utf8"}, length


def test_refusal_says_where_the_fault_is():
    with pytest.raises(PacketError, match=r"^invalid: counts\.nilaparvata-lugens: .*less than or equal to 1000000"):
        wire.decode(READING, PLAIN.replace(b": 41}", b": 1000001}"))


def test_detail_of_a_refusal_is_short_whatever_the_payload():
    for case in corpus.malformed():
        with pytest.raises(PacketError) as caught:
            wire.decode(case.kind, case.payload)
        assert len(caught.value.detail) <= 500


# What loses its value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature_c", -40.1), ("temperature_c", 80.1), ("humidity_pct", 100.5), ("rain_mm", -1),
        ("wind_m_s", 101), ("light_lx", 2e5 + 1), ("battery_v", -0.1), ("panel_v", 501), ("signal_dbm", 1),
    ],
)  # fmt: skip
def test_sensor_out_of_range_loses_its_value_and_not_the_catch(field: str, value: float):
    document = {**json.loads(GOLDEN["reading-zeros.json"].payload), "humidity_pct": 50.0, field: value}
    packet = decode_reading(json.dumps(document).encode())
    assert getattr(packet, field) is None
    assert packet.counts == document["counts"]
    assert field == "humidity_pct" or packet.humidity_pct == 50.0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("temperature_c", -40), ("temperature_c", 80), ("humidity_pct", 0), ("humidity_pct", 100), ("rain_mm", 500),
        ("wind_m_s", 100), ("light_lx", 200_000), ("battery_v", 100), ("panel_v", 500), ("signal_dbm", -200),
    ],
)  # fmt: skip
def test_sensor_at_its_limit_keeps_its_value(field: str, value: float):
    document = {**json.loads(PLAIN), field: value}
    assert getattr(decode_reading(json.dumps(document).encode()), field) == value


def test_sensor_out_of_range_does_not_excuse_another_fault():
    payload = PLAIN.replace(b"27.1", b"850").replace(b": 41}", b": -1}")
    assert reason_of(READING, payload) == "invalid"


def test_sensor_out_of_range_beside_an_unknown_field_of_any_value_keeps_the_catch():
    payload = PLAIN.replace(b"27.1", b"850")[:-1] + b', "x": 1e999}'
    assert decode_reading(payload).counts == {"nilaparvata-lugens": 41}


def test_status_with_a_sensor_out_of_range_is_still_a_status():
    status = wire.decode(topics.Kind.STATUS, b'{"v":1,"online":true,"battery_v":-3}')
    assert status == wire.StatusPacket(v=1, online=True)


# What our own programs may build


@pytest.mark.parametrize("fields", [{"seq": 0}, {"end": datetime(2026, 11, 22, 14)}, {"end": "2026-11-22T13:40:00Z"}])  # noqa: DTZ001
def test_packet_that_could_not_be_read_cannot_be_built(fields: dict[str, Any]):
    with pytest.raises(ValidationError):
        a_reading(**fields)


def test_resend_needs_its_range_and_set_something_to_set():
    for fields in ({"command": "resend", "boot": 5, "from_seq": 1}, {"command": "set"}, {"command": "dance"}):
        with pytest.raises(ValidationError):
            wire.CommandPacket.model_validate({"v": 1, **fields})
