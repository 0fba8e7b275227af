"""How much a trap may send: a wall against floods, wide enough that no honest trap meets it.

Each topic has a bucket. A trap that was away may send all of its ring at once, for the bucket holds as much; after
that it may send so many messages a minute. What we ask a trap for again we lend it, to be paid back by what it may
send later. A message beyond its bucket is refused as `rate` without being looked at. It is no part of the ledger: it
stays missing, and the trap sends it again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence

from ingest.broker import Message

RING_TOPIC = b"/reading"
OTHERS_AT_ONCE = 300
"""Of status, events and summaries, which come a few a day, and cost more than readings."""
LONGEST_TOPIC_BYTES = 128
"""No topic of our grammar is longer; all that are share one bucket, so that topics made up fill no memory."""
BUCKETS = 200_000


class _Bucket:
    """What a topic may still send, as of a minute."""

    __slots__ = ("debt", "left", "minute", "size")

    def __init__(self, size: int, minute: int) -> None:
        self.size = size
        self.left = size
        self.debt = 0
        self.minute = minute

    def fill(self, minute: int, per_minute: int) -> None:
        """Adds what the minutes since bring, once the debt is paid."""
        brought = per_minute * (minute - self.minute)
        paid = min(self.debt, brought)
        self.debt -= paid
        self.left = max(self.left, min(self.size, self.left + brought - paid))
        self.minute = minute

    def lend(self, messages: int) -> None:
        """Adds what is to be paid back; no more than it holds, so that gaps made up are no way around the quota."""
        more = min(messages, self.size - self.debt)
        self.debt += more
        self.left += more


class Quota:
    """The buckets of one worker. They begin full, so a restart is no penalty; `per_minute` 0 is no limit.

    A bucket fills at the turn of a minute and not from moment to moment, so that what passes of a flood passes in one
    piece, and does not leave a hole for each reading. `clock` says seconds that never go back, as the time of day does.
    """

    def __init__(self, per_minute: int, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._per_minute = per_minute
        self._at_once = at_once
        self._buckets: dict[bytes, _Bucket] = {}
        self._lent: deque[tuple[bytes, int]] = deque()

    def lend(self, topic: str, messages: int) -> None:
        """Lets so many more pass soon, for we asked for them; for another thread than `judge`."""
        if self._per_minute:
            self._lent.append((topic.encode(), messages))

    def judge(self, messages: Sequence[Message]) -> list[Message]:
        """The same messages; those beyond what their topic may send say so. Judge each once, as it is taken."""
        if not self._per_minute:
            return list(messages)
        minute = int(self._clock()) // 60
        while self._lent and messages:
            topic, more = self._lent.popleft()
            self._bucket(topic, minute).lend(more)
        return [one if self._passes(one, minute) else one._replace(over_quota=True) for one in messages]

    def _passes(self, message: Message, minute: int) -> bool:
        bucket = self._bucket(message.topic, minute)
        if minute > bucket.minute:
            bucket.fill(minute, self._per_minute)
        if bucket.left <= 0:
            return False
        bucket.left -= 1
        return True

    def _bucket(self, topic: bytes, minute: int) -> _Bucket:
        bucket = self._buckets.get(topic)
        if bucket is None:
            if len(topic) > LONGEST_TOPIC_BYTES:
                topic = b""
            if len(self._buckets) >= BUCKETS:
                self._forget(minute)
            size = self._at_once if topic.endswith(RING_TOPIC) else min(OTHERS_AT_ONCE, self._at_once)
            bucket = self._buckets.setdefault(topic, _Bucket(size, minute))
        return bucket

    def _forget(self, minute: int) -> None:
        """Drops the buckets that are full again by now; all of them when that makes no room."""
        for one in self._buckets.values():
            one.fill(minute, self._per_minute)
        self._buckets = {topic: one for topic, one in self._buckets.items() if one.left < one.size or one.debt}
        if len(self._buckets) >= BUCKETS // 2:
            self._buckets.clear()
