"""What must hold for any bytes: they are read right, or refused with a reason, and nothing else happens.

The first byte chooses who reads the rest: a packet's decoder, the topic grammar, or the strict JSON reader.
"""

from __future__ import annotations

import random
import re
from typing import Any

from lighttrap import strictjson, topics, wire
from lighttrap.errors import PacketError, TopicError
from tests import corpus

KINDS = tuple(topics.Kind)
TOPIC, JSON = len(KINDS), len(KINDS) + 1
READERS = len(KINDS) + 2
REASONS = {"too_large", "not_utf8", "not_json", "too_deep", "duplicate_key", "unknown_version", "invalid"}


def seeds() -> list[bytes]:
    """The golden and the malformed packets for their decoders, and for the strict reader; some topics."""
    cases = [(case.kind, case.payload) for case in corpus.golden()]
    cases += [(case.kind, case.payload) for case in corpus.malformed()]
    spoken = [bytes([KINDS.index(kind)]) + payload for kind, payload in cases]
    plain = [bytes([JSON]) + payload for _, payload in cases]
    return [*spoken, *plain, *(bytes([TOPIC]) + topics.build("soc-trang", "st-014", kind).encode() for kind in KINDS)]


def words() -> list[str]:
    """What a fuzzer may put together: every key of every packet, and values of their kinds."""
    keys = {name for packet in wire.PACKETS.values() for name in packet.model_fields}
    values = ('"2026-11-22T13:30:00Z"', '"2026-11-22"', '"18:00"', "9007199254740991", "1e999", "NaN", "true", "null")
    return [*(f'"{key}":' for key in sorted(keys)), *values, f"{topics.PREFIX}/", '"v":1', '{"nilaparvata-lugens":41}']


_WORDS = [word.encode() for word in words()]
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"\s*:?|-?[0-9][0-9.eE+-]*|true|false|null|[{}\[\]]')


def exchange(data: bytes, rng: random.Random) -> bytes:
    """Puts another word in the place of one key or value: bytes drawn at random are hardly ever JSON."""
    found = list(_TOKEN.finditer(data, 1))
    if not found:
        return data
    place = rng.choice(found)
    word = rng.choice([*_WORDS, rng.choice(found)[0], place[0] + b"," + place[0], str(rng.getrandbits(64)).encode()])
    return data[: place.start()] + word + data[place.end() :]


def check(data: bytes) -> None:
    """Reads one input. Raises AssertionError when what comes out is wrong, and lets every other error through."""
    if not data:
        return
    reader, rest = data[0] % READERS, data[1:]
    if reader == TOPIC:
        _check_topic(rest.decode("utf-8", "replace"))
    elif reader == JSON:
        _parse(rest)
    else:
        _check_packet(KINDS[reader], rest)


def _check_topic(text: str) -> None:
    try:
        assert str(topics.parse(text)) == text
    except TopicError:
        return


def _check_packet(kind: topics.Kind, payload: bytes) -> None:
    try:
        packet = wire.decode(kind, payload)
    except PacketError as fault:
        _check_refusal(fault)
        return
    document = _parse(payload)
    assert document is not None, "the strict reader refuses what the decoder takes"
    _check_exact(packet, document)
    assert wire.decode(kind, packet.payload()) == packet


def _check_exact(packet: wire.Packet, document: dict[str, Any]) -> None:
    """Every whole number and every text is the document's own; only a sensor's value may be left out."""
    for name, value in packet.model_dump(mode="json", exclude_none=True).items():
        if isinstance(value, bool | int | dict) or name in ("model_version", "image_ref", "firmware", "note", "event"):
            assert document[name] == value, name
            assert type(document[name]) is type(value), name


def _parse(payload: bytes) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return strictjson.parse(payload)
    except PacketError as fault:
        _check_refusal(fault)
        return None


def _check_refusal(fault: PacketError) -> None:
    """Its reason is one of the protocol's, and what goes into a log and a table is short and can be encoded."""
    assert fault.reason in REASONS, fault.reason
    assert len(str(fault).encode()) < 2_000
