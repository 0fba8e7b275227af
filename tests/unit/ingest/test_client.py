from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.client import ReadAhead, parse_publish


def body(qos: int, mid: int, topic: bytes, properties: bytes, payload: bytes) -> bytes:
    size, length = bytearray(), len(properties)
    while True:
        length, digit = divmod(length, 128)
        size.append(digit | (0x80 if length else 0))
        if not length:
            break
    head = struct.pack("!H", len(topic)) + topic + (struct.pack("!H", mid) if qos else b"")
    return head + bytes(size) + properties + payload


@given(
    st.sampled_from([0, 1]),
    st.integers(1, 65_535),
    st.binary(max_size=300),
    st.binary(max_size=20_000),
    st.binary(max_size=300),
)
def test_publish_is_taken_apart_as_it_was_put_together(qos, mid, topic, properties, payload):
    found = parse_publish(qos, body(qos, mid, topic, properties, payload))
    assert found == (mid if qos else 0, topic, payload)


@given(st.data(), st.binary(min_size=1, max_size=50), st.binary(max_size=200))
def test_publish_cut_before_its_payload_is_refused(data, topic, properties):
    whole = body(1, 7, topic, properties, b"")
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises((IndexError, struct.error)):
        parse_publish(1, whole[:cut])


class Pieces:
    """A socket that has these pieces to read."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces

    def recv(self, _size: int) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


@given(st.lists(st.binary(min_size=1, max_size=50)), st.lists(st.integers(1, 30), min_size=1))
def test_reading_ahead_loses_no_byte_and_keeps_their_order(pieces, sizes):
    ahead = ReadAhead(Pieces(list(pieces)))
    found, turn = b"", 0
    while part := ahead.recv(sizes[turn % len(sizes)]):
        assert len(part) <= sizes[turn % len(sizes)]
        found += part
        turn += 1
    assert found == b"".join(pieces)
    assert ahead.pending() == 0
