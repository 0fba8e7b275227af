"""The ports of an `up`: chosen without asking, never taken from somebody."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from lighttrap.errors import ConfigError
from lighttrap.up import ports
from tests.services import free_port, is_listening

NAMES = ("database", "broker", "ingest")


def _listener(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))


def test_blocks_of_two_never_overlap():
    with closing(ports.reserve(NAMES, None)) as one, closing(ports.reserve(NAMES, None)) as two:
        assert {one.number(name) for name in NAMES}.isdisjoint({two.number(name) for name in NAMES})


def test_released_port_can_be_taken_at_once():
    with closing(ports.reserve(NAMES, None)) as block, closing(_listener(block.release("broker"))) as taken:
        assert taken.getsockname()[1] == block.number("broker")


def test_block_is_let_go_as_a_whole():
    block = ports.reserve(NAMES, None)
    block.close()
    assert not is_listening(block.number("database"))


def test_named_base_decides_the_numbers_and_a_busy_one_is_named():
    with closing(ports.reserve(NAMES, None)) as free:
        base = free.number("database")
    with closing(_listener(base + 1)), pytest.raises(ConfigError, match=f"port {base + 1}, for the broker"):
        ports.reserve(NAMES, base)
    with closing(ports.reserve(NAMES, base)) as block:
        assert [block.number(name) for name in NAMES] == [base, base + 1, base + 2]


def test_port_of_a_server_that_is_not_ours_is_not_needed():
    base = free_port()
    with closing(_listener(base)), closing(ports.reserve(["ingest"], base)) as block:
        assert block.number("ingest") == base + 2


@pytest.mark.parametrize("base", [0, 80, 65_530, 70_000, -1])
def test_base_outside_the_range_is_refused(base: int):
    with pytest.raises(ConfigError, match="--port-base"):
        ports.reserve(NAMES, base)
