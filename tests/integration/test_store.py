"""The store alone, on a real database: fates, roll-up, ledger, gaps, nights."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest

from lighttrap import model, wire
from lighttrap.errors import Conflict, StoreUnavailable
from lighttrap.store import catches, fields, ledger, news, nights, pool, readings, traps
from tests.builders import BOOT, NIGHTFALL, ORG, TRAP, a_reading, a_trap
from tests.ledger_check import balance
from tests.waiting import wait_until


def store(conn: pool.Connection, *packets: wire.ReadingPacket, org: str = ORG, trap_id: str = TRAP) -> list[str]:
    """Stores packets as one batch and tells each one's fate, in order."""
    readings.create_stage(conn)
    now = datetime.now(UTC)
    staged = [
        readings.StagedReading(place, org, trap_id, packet, now, wire.sha_of(packet.payload()))
        for place, packet in enumerate(packets)
    ]
    readings.stage_readings(conn, readings.pack(conn, staged))
    readings.insert_staged(conn)
    catches.add_fresh(conn)
    fates = readings.fates(conn)
    conn.commit()
    return [fates.get(place, "fresh") for place in range(len(packets))]


def store_translated(conn: pool.Connection, packet: wire.ReadingPacket) -> None:
    with pool.translate_errors():
        store(conn, packet)


def the_ledger(conn: pool.Connection) -> model.LedgerLine:
    [line] = ledger.lines(conn, trap_id=TRAP)
    conn.commit()
    return line


def night_state(conn: pool.Connection, night: date) -> tuple[str | None, int | None, str]:
    [found] = nights.catch_nights(conn, trap_id=TRAP, first=night, last=night)
    conn.commit()
    return found.species, found.count, found.state


def test_reading_is_stored_once_and_counted_in_its_night(conn):
    a_trap(conn)
    assert store(conn, a_reading(1), a_reading(2)) == ["fresh", "fresh"]
    assert store(conn, a_reading(2), a_reading(3)) == ["duplicate", "fresh"]
    line = the_ledger(conn)
    assert (line.stored, line.duplicate, line.missing, line.watermark) == (3, 1, 0, 3)
    assert balance(conn, [(TRAP, BOOT, seq) for seq in (1, 2, 3)]).is_even
    assert conn.execute("SELECT species, night, count, lamp_s, readings FROM catch").fetchall() == [
        ("nilaparvata-lugens", date(2025, 11, 22), 123, 1800, 3)
    ]


def test_same_key_with_other_content_is_a_conflict_and_changes_nothing(conn):
    a_trap(conn)
    store(conn, a_reading(1))
    before = conn.execute("SELECT * FROM catch").fetchall()
    assert store(conn, a_reading(1, counts={"nilaparvata-lugens": 42})) == ["key_conflict"]
    assert store(conn, a_reading(1, start=NIGHTFALL + timedelta(days=1))) == ["key_conflict"]
    assert conn.execute("SELECT * FROM catch").fetchall() == before
    assert the_ledger(conn).rejected == 0


def test_unregistered_trap_wrong_org_and_wrong_clock_are_told_apart(conn):
    assert store(conn, a_reading(1)) == ["unknown_trap"]
    a_trap(conn, in_service_from=NIGHTFALL - timedelta(days=1), retired_at=NIGHTFALL + timedelta(days=1))
    assert store(conn, a_reading(1), org="an-giang") == ["wrong_org"]
    assert store(conn, a_reading(2, start=datetime(1970, 1, 1, tzinfo=UTC))) == ["clock_behind"]
    assert store(conn, a_reading(3, start=NIGHTFALL + timedelta(days=2))) == ["retired"]
    assert conn.execute("SELECT count(*) FROM reading").fetchone() == (0,)
    line = the_ledger(conn)
    assert (line.sent, line.stored, line.rejected, line.missing) == (3, 0, 2, 1)


def test_clock_may_run_ahead_a_little_and_a_wilder_one_is_refused_and_not_asked_for_again(conn):
    a_trap(conn)
    now = datetime.now(UTC)
    ahead = [now - timedelta(minutes=1), now + timedelta(days=1), datetime(9999, 12, 29, tzinfo=UTC)]
    found = store(conn, *(a_reading(seq, start=start) for seq, start in enumerate(ahead, 1)))
    assert found == ["fresh", "clock_ahead", "clock_ahead"]
    line = the_ledger(conn)
    assert (line.stored, line.rejected, line.missing) == (1, 2, 0)


def test_rejected_reading_that_comes_right_later_is_stored(conn):
    a_trap(conn, in_service_from=NIGHTFALL - timedelta(days=1))
    store(conn, a_reading(1, start=datetime(1970, 1, 1, tzinfo=UTC)))
    assert store(conn, a_reading(1)) == ["fresh"]
    line = the_ledger(conn)
    assert (line.stored, line.rejected, line.missing) == (1, 0, 0)


def test_late_reading_of_any_age_lands_in_its_night_and_changes_it(conn):
    old = NIGHTFALL.replace(year=2019)
    a_trap(conn, in_service_from=old - timedelta(days=1))
    store(conn, a_reading(2, start=old + timedelta(minutes=10)))
    store(conn, a_reading(3))
    store(conn, a_reading(1, start=old))
    assert conn.execute("SELECT night, count FROM catch ORDER BY night").fetchall() == [
        (date(2019, 11, 22), 82),
        (date(2025, 11, 22), 41),
    ]


def test_zeros_are_catches_and_species_left_out_are_not(conn):
    a_trap(conn)
    store(conn, a_reading(1, counts={"nilaparvata-lugens": 0}), a_reading(2, counts={}))
    assert conn.execute("SELECT species, count, lamp_s, readings FROM catch").fetchall() == [
        ("nilaparvata-lugens", 0, 600, 1)
    ]
    assert conn.execute("SELECT lamp_s, readings FROM trap_night").fetchall() == [(1200, 2)]


def test_tail_of_the_boot_before_is_known_to_be_missing(conn):
    a_trap(conn)
    store(conn, a_reading(1), a_reading(2))
    store(conn, a_reading(1, boot=77, prev_boot=BOOT, prev_last_seq=5, start=NIGHTFALL + timedelta(hours=2)))
    lines = {line.boot: line for line in ledger.lines(conn)}
    assert (lines[BOOT].sent, lines[BOOT].missing, lines[BOOT].watermark) == (5, 3, 2)
    assert (lines[77].sent, lines[77].missing) == (1, 0)


def test_gap_opens_is_asked_for_shrinks_and_closes(conn):
    a_trap(conn)
    store(conn, a_reading(1), a_reading(2), a_reading(7))
    assert ledger.follow_gaps(conn) == 1
    assert ledger.follow_gaps(conn) == 0

    def ask(patience_s: float) -> list[ledger.Ask]:
        return ledger.ask_for_gaps(conn, org="+", patience_s=patience_s, again_s=600, gaps=10, a_trap=10, readings=3)

    assert ask(patience_s=60) == []
    assert ask(patience_s=0) == [ledger.Ask(ORG, TRAP, BOOT, 3, 5)]
    assert ask(patience_s=0) == []
    [gap] = ledger.gaps(conn)
    assert (gap.from_seq, gap.to_seq, gap.asked, gap.first_night, gap.last_night) == (
        3, 6, 1, date(2025, 11, 22), date(2025, 11, 22),
    )  # fmt: skip
    store(conn, a_reading(3), a_reading(4), a_reading(6))
    ledger.follow_gaps(conn)
    assert ledger.gaps(conn)[0].outcome is None
    store(conn, a_reading(5))
    ledger.follow_gaps(conn)
    [gap] = ledger.gaps(conn, every=True)
    assert gap.outcome == "filled"
    assert ledger.gaps(conn) == []


def test_what_a_trap_gave_up_is_gone_and_shown_with_its_night(conn):
    a_trap(conn)
    store(conn, a_reading(1), a_reading(4))
    ledger.follow_gaps(conn)
    gone = wire.EventPacket.model_validate(
        {"v": 1, "event": "gone", "at": NIGHTFALL, "boot": BOOT, "from_seq": 2, "to_seq": 3}
    )
    news.store_event(conn, ORG, TRAP, gone, NIGHTFALL, b"sha")
    ledger.follow_gaps(conn)
    [gap] = ledger.gaps(conn)
    assert (gap.outcome, gap.first_night) == ("gone", date(2025, 11, 22))
    line = the_ledger(conn)
    assert (line.sent, line.stored, line.gone, line.missing, line.watermark) == (4, 2, 2, 0, 4)
    assert store(conn, a_reading(2)) == ["fresh"], "what turns up after all is stored"
    assert the_ledger(conn).gone == 1


def test_summary_and_status_tell_of_a_tail_that_never_came(conn):
    a_trap(conn)
    store(conn, a_reading(1))
    said = {
        "v": 1,
        "night": date(2025, 11, 22),
        "boot": BOOT,
        "first_seq": 1,
        "last_seq": 4,
        "lamp_s": 2400,
        "totals": {},
    }
    news.store_summary(conn, ORG, TRAP, wire.SummaryPacket.model_validate(said), NIGHTFALL)
    assert the_ledger(conn).missing == 3
    hello = wire.StatusPacket.model_validate({"v": 1, "online": True, "boot": BOOT, "last_seq": 6})
    news.store_status(conn, ORG, TRAP, hello, NIGHTFALL)
    assert the_ledger(conn).missing == 5


def test_older_status_does_not_overwrite_a_newer_one(conn):
    a_trap(conn)
    for online, minute in ((True, 10), (False, 5)):
        at = NIGHTFALL + timedelta(minutes=minute)
        packet = wire.StatusPacket.model_validate({"v": 1, "online": online, "at": at, "battery_v": 12.5})
        news.store_status(conn, ORG, TRAP, packet, NIGHTFALL + timedelta(hours=1))
    assert conn.execute("SELECT online, battery_v FROM trap_status").fetchall() == [(True, 12.5)]


@pytest.mark.parametrize(
    ("lamp_s", "state"),
    [(39_600, "complete"), (31_680, "complete"), (31_679, "partial"), (19_800, "partial"), (19_799, "lost")],
)
def test_night_state_follows_lamp_time_and_zero_is_kept(conn, lamp_s, state):
    a_trap(conn)
    start = datetime(2025, 11, 20, 5, tzinfo=UTC)
    store(
        conn,
        a_reading(1, start=start, end=start + timedelta(hours=12), lamp_s=lamp_s, counts={"nilaparvata-lugens": 0}),
    )
    assert night_state(conn, date(2025, 11, 20)) == ("nilaparvata-lugens", 0, state)


def test_night_without_any_reading_is_silent_and_has_no_count(conn):
    a_trap(conn)
    early = NIGHTFALL - timedelta(days=3)
    store(conn, a_reading(1, start=early), a_reading(2, start=NIGHTFALL - timedelta(days=1)))
    assert night_state(conn, date(2025, 11, 20)) == ("nilaparvata-lugens", None, "silent")


def test_retired_trap_has_no_nights_after_its_service(conn):
    first = datetime(2010, 1, 1, 5, tzinfo=UTC)
    a_trap(conn, in_service_from=first, retired_at=first + timedelta(days=3))
    store(conn, a_reading(1, start=first), a_reading(2, start=first + timedelta(days=2)))
    found = [(n.night.day, n.count) for n in nights.catch_nights(conn, trap_id=TRAP)]
    assert found == [(1, 41), (2, None), (3, 41)]


def test_trap_moves_between_fields_and_its_nights_follow_the_zone(conn):
    a_trap(conn)
    for field_id, zone in (("dai-hai", "Asia/Ho_Chi_Minh"), ("berkeley", "America/Los_Angeles")):
        fields.put_field(conn, model.Field(field_id, ORG, field_id, zone))
    traps.deploy(conn, trap_id=TRAP, field_id="dai-hai", at=NIGHTFALL - timedelta(days=9))
    traps.deploy(conn, trap_id=TRAP, field_id="berkeley", at=NIGHTFALL - timedelta(days=1))
    store(conn, a_reading(1, start=NIGHTFALL - timedelta(days=2)), a_reading(2, start=NIGHTFALL))
    found = conn.execute("SELECT night FROM trap_night ORDER BY night").fetchall()
    assert found == [(date(2025, 11, 20),), (date(2025, 11, 21),)]
    assert traps.list_traps(conn)[0].field_id == "berkeley"
    with pytest.raises(Conflict, match="already has a deployment"):
        traps.deploy(conn, trap_id=TRAP, field_id="dai-hai", at=NIGHTFALL - timedelta(days=5))


def test_two_who_move_a_trap_at_once_leave_it_in_one_field(conn, database):
    a_trap(conn)
    for field_id in ("field-1", "field-2", "field-3"):
        fields.put_field(conn, model.Field(field_id, ORG, field_id, "Asia/Ho_Chi_Minh"))
    traps.deploy(conn, trap_id=TRAP, field_id="field-1", at=NIGHTFALL)
    conn.commit()

    def move() -> None:
        with pool.connect(database) as other:
            traps.deploy(other, trap_id=TRAP, field_id="field-3", at=NIGHTFALL + timedelta(days=2))

    traps.deploy(conn, trap_id=TRAP, field_id="field-2", at=NIGHTFALL + timedelta(days=1))
    mover = threading.Thread(target=move)
    mover.start()
    with pool.connect(database) as watcher:
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        wait_until(lambda: watcher.execute(waiting).fetchone() == (1,))
    conn.commit()
    mover.join()
    stays = "SELECT field_id, to_at = 'infinity' FROM deployment ORDER BY from_at"
    assert conn.execute(stays).fetchall() == [("field-1", False), ("field-2", False), ("field-3", True)]


def test_trap_of_another_org_cannot_be_registered_again(conn):
    a_trap(conn)
    with pytest.raises(Conflict, match="belongs to another org"):
        a_trap(conn, org="an-giang")


def test_two_writers_of_the_same_readings_store_them_once(conn, database):
    a_trap(conn)
    with pool.connect(database) as other:
        readings.create_stage(other)
        other.commit()
        now = datetime.now(UTC)
        staged = [readings.StagedReading(0, ORG, TRAP, a_reading(1), now, wire.sha_of(a_reading(1).payload()))]
        readings.stage_readings(other, readings.pack(other, staged))
        readings.insert_staged(other)
        catches.add_fresh(other)
        conn.execute("SET lock_timeout = '200ms'")
        with pytest.raises(StoreUnavailable, match="lock timeout"):
            store_translated(conn, a_reading(1))
        conn.rollback()
        other.commit()
    assert store(conn, a_reading(1)) == ["duplicate"]
    assert balance(conn, [(TRAP, BOOT, 1)]).is_even
