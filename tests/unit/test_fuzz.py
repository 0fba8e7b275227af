"""What `make fuzz` checks holds for every seed, and would be seen to fail."""

from __future__ import annotations

import random

import pytest

from lighttrap import strictjson, topics, wire
from tests import corpus
from tests.fuzz import target

SEEDS = target.seeds()


def test_seeds_are_read_right_or_refused():
    for seed in SEEDS:
        target.check(seed)


def test_seeds_with_an_exchanged_word_are_read_right_or_refused():
    rng = random.Random(1)
    for seed in SEEDS:
        target.check(target.exchange(seed, rng))


def test_decoder_that_changes_a_count_would_be_found(monkeypatch: pytest.MonkeyPatch):
    def one_more(kind: topics.Kind, payload: bytes) -> wire.Packet:
        packet = decode(kind, payload)
        if isinstance(packet, wire.ReadingPacket):
            return packet.model_copy(update={"seq": packet.seq + 1})
        return packet

    decode = wire.decode
    monkeypatch.setattr(wire, "decode", one_more)
    golden = next(case for case in corpus.golden() if case.kind is topics.Kind.READING)
    with pytest.raises(AssertionError, match="seq"):
        target.check(bytes([target.KINDS.index(golden.kind)]) + golden.payload)


def test_decoder_that_takes_a_second_key_would_be_found(monkeypatch: pytest.MonkeyPatch):
    def lenient(kind: topics.Kind, payload: bytes) -> wire.Packet:
        return wire.PACKETS[kind].model_validate_json(payload) if b"seq" in payload else decode(kind, payload)

    decode = wire.decode
    monkeypatch.setattr(wire, "decode", lenient)
    twice = next(case for case in corpus.malformed() if case.name == "duplicate-seq.json")
    with pytest.raises(AssertionError, match="strict reader"):
        target.check(bytes([target.KINDS.index(twice.kind)]) + twice.payload)


def test_error_that_nobody_expects_is_let_through(monkeypatch: pytest.MonkeyPatch):
    def break_down(_payload: bytes) -> None:
        raise RecursionError

    monkeypatch.setattr(strictjson, "parse", break_down)
    with pytest.raises(RecursionError):
        target.check(bytes([target.JSON]) + b"[")
