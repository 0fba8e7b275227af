from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from lighttrap import night, wire
from lighttrap.nightfile import NightCount
from simulator.config import lamp_hours
from simulator.faults import Message
from simulator.patience import Patience
from simulator.replaybook import ReplayBook
from simulator.split import NightPlan
from tests.simulated import BPH, StandIn

PLAN = NightPlan("demo", lamp_hours("18:00-05:00"), 60, night.DEFAULT_ZONE)


def make(one: NightCount) -> tuple[int, list[Message]]:
    packets = PLAN.packets(one.trap_id, one.night, one.counts)
    topic = f"lighttrap/v1/demo/{one.trap_id}/"
    return PLAN.boot(one.trap_id, one.night), [
        Message(one.trap_id, topic + packet.kind, packet.payload()) for packet in packets
    ]


def a_book(nights: int = 40, window: int = 110) -> ReplayBook:
    rows = [NightCount("1047", date(2010, 1, 1) + timedelta(days=n), {BPH: n}, n) for n in range(nights)]
    return ReplayBook(rows, make, PLAN.readings, window, Patience(20, 300))


def play(book: ReplayBook, server: StandIn, *, lost: int = 0) -> list[Message]:
    """Turns until the book is done; every `lost`-th message never arrives the first time round."""
    sent: list[Message] = []
    tick = 0.0
    while not book.is_done:
        for message in book.poll(tick, 50):
            sent.append(message)
            if not lost or len(sent) % lost:
                server.take(message.topic, message.payload)
        book.hear("1047", server.stored_packet("1047"), False, tick)
        tick += 5
        assert tick < 5_000
    return sent


def test_every_night_is_sent_once_and_confirmed():
    server = StandIn()
    sent = play(book := a_book(), server)
    assert Counter(sent).most_common(1)[0][1] == 1
    assert (server.number, book.confirmed, book.nights_done) == (440, 440, 40)
    assert sum(one.counts[BPH] for one in server.readings("1047")) == sum(range(40))


def test_a_second_replay_repeats_every_byte():
    server = StandIn()
    play(a_book(), server)
    play(a_book(), server)
    assert (server.number, server.duplicates, server.conflicts) == (440, 440, 0)


def test_lost_messages_are_sent_again_until_all_is_stored():
    server = StandIn()
    play(a_book(), server, lost=7)
    assert (server.number, server.conflicts) == (440, 0)


def test_no_more_than_the_window_is_under_way():
    book = a_book(window=33)
    sent = book.poll(0, 1_000)
    assert len({message.payload for message in sent}) == 3 * 12
    assert book.poll(1, 1_000) == []


def test_after_a_reconnect_what_is_under_way_is_soon_sent_again():
    book = a_book(window=22)
    first = book.poll(0, 1_000)
    book.reconnected(1)
    assert book.poll(2, 1_000) == []
    assert sorted(book.poll(15, 1_000), key=repr) == sorted(first, key=repr)


def test_what_the_broker_had_kept_from_before_confirms_nothing():
    book, server = a_book(nights=2), StandIn()
    server.take_all(book.poll(0, 1_000))
    packet = server.stored_packet("1047")
    book.hear("1047", packet, True, 1)
    assert book.confirmed == 0
    book.hear("1047", packet.model_copy(update={"at": packet.at + timedelta(seconds=1)}), True, 2)
    assert book.is_done


def test_a_changed_count_conflicts_instead_of_counting_twice():
    server = StandIn()
    play(a_book(nights=1), server)
    server.take_all(make(NightCount("1047", date(2010, 1, 1), {BPH: 999}, 1))[1])
    assert server.number == 11
    assert server.conflicts > 0


def test_a_watermark_beyond_the_night_counts_only_the_night():
    book = a_book(nights=1)
    book.poll(0, 100)
    mark = wire.Watermark(boot=PLAN.boot("1047", date(2010, 1, 1)), seq=500)
    book.hear("1047", StandIn().stored_packet("1047").model_copy(update={"stored": [mark]}), False, 1)
    assert (book.confirmed, book.is_done) == (11, True)
