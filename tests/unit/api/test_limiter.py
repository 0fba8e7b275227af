"""Buckets of requests, by a clock that the test turns."""

from __future__ import annotations

import pytest

from api.limiter import Buckets, Limiter, address_of
from lighttrap.errors import TooManyTries


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_so_many_at_once_and_then_one_as_each_moment_comes(clock):
    buckets = Buckets("caller", 60, clock)
    taken = [buckets.take("lan") for _ in range(62)]
    assert [one.remaining for one in taken[:60]] == list(range(59, -1, -1))
    assert [one.retry_after_s for one in taken] == [0] * 60 + [1, 1]
    clock.now_s += 1
    assert [buckets.take("lan").retry_after_s for _ in range(2)] == [0, 1]


def test_over_an_hour_nobody_gets_more_than_the_quota_a_minute_and_what_was_there_at_first(clock):
    buckets = Buckets("caller", 600, clock)
    passed = 0
    for _ in range(36_000):
        clock.now_s += 0.05
        passed += not buckets.take("lan").retry_after_s
    assert passed == pytest.approx(30 * 600 + 600, abs=2)


def test_refused_requests_cost_nothing(clock):
    buckets = Buckets("caller", 60, clock)
    for _ in range(1000):
        buckets.take("lan")
    clock.now_s += 60
    assert sum(not buckets.take("lan").retry_after_s for _ in range(100)) == 60


def test_callers_do_not_take_from_one_another(clock):
    buckets = Buckets("caller", 10, clock)
    for _ in range(20):
        buckets.take("lan")
    assert buckets.take("ba").remaining == 9


def test_those_who_rest_are_forgotten_however_many_they_were(clock):
    buckets = Buckets("address", 300, clock)
    for number in range(100_000):
        clock.now_s += 0.001
        buckets.take(f"address {number}")
    # A bucket is full again after a fifth of a second, in which 200 came.
    assert len(buckets) <= 1024 + 1


def test_headers_are_those_of_the_draft(clock):
    buckets = Buckets("caller", 600, clock)
    assert buckets.take("lan").headers() == {
        "RateLimit-Policy": '"caller";q=600;w=60', "RateLimit": '"caller";r=599;t=1'
    }  # fmt: skip


@pytest.mark.parametrize(
    ("host", "kept"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9%eth0", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("testclient", "testclient"),
        ("no:address", "no:address"),
    ],
)
def test_an_address_of_ipv6_stands_for_its_network(host, kept):
    assert address_of((host, 1)) == kept


def test_without_an_address_all_are_one():
    assert address_of(None) == "unknown"


def test_request_is_counted_once_and_under_its_name_when_it_has_one():
    limiter = Limiter(10, 10)
    scope = {"client": ("203.0.113.7", 1), "state": {}}
    for _ in range(20):
        limiter.count(scope, None)
    for _ in range(9):
        limiter.count({"client": ("203.0.113.7", 1), "state": {}}, None)
    with pytest.raises(TooManyTries):
        limiter.count({"client": ("203.0.113.7", 1), "state": {}}, None)
    limiter.count({"client": ("203.0.113.7", 1), "state": {}}, "account 1")
