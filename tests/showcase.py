"""A province made up for looking at: an outbreak that travels, traps that are silent, late, lost or corrected.

All of it is invented: names, places, numbers. It is stored through ingest's own pipeline, so that roll-up, rules and
alerts are what they would be. `python -m tests.showcase DSN` fills a migrated database.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from ingest.broker import Message
from ingest.pipeline import store_batch
from lighttrap import model, topics, wire
from lighttrap.store import alerts, communes, devices, fields, manual_nights, orgs, pool, readings, recipients, traps
from tests import showcase_messages as messages
from tests.builders import BOOT, a_reading

ORG = "dong-bang"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
BPH, BORER, MIRID = "nilaparvata-lugens", "scirpophaga-incertulas", "cyrtorhinus-lividipennis"
COMMUNES = (
    "Xã An Phú Đông", "Xã Tân Hòa Thượng", "Xã Long Bình", "Phường Vĩnh Thạnh", "Xã Hòa Lợi", "Xã Đông Phước",
    "Xã Ngọc Tố Nam", "Xã Mỹ Quới Tây", "Xã Thạnh Trị Bắc", "Xã Lâm Kiết", "Xã Phú Tâm", "Xã Kế An",
)  # fmt: skip
TRAPS_A_FIELD = 3
NIGHTS = 120
PLANNED_S = 39_600
_CORNER = (105.80, 9.45)
_SIDE = 0.05
_PEAK_EVERY = 25
_YEARS = 6


@dataclass(frozen=True, slots=True)
class Place:
    """One commune with one field and its traps."""

    number: int

    @property
    def field_id(self) -> str:
        """The field's id."""
        return f"ruong-{self.number + 1:02d}"

    @property
    def commune_code(self) -> str:
        """Five digits that no commune has."""
        return f"{90_001 + self.number}"

    @property
    def traps(self) -> list[str]:
        """The traps' ids."""
        first = self.number * TRAPS_A_FIELD + 1
        return [f"bd-{first + index:03d}" for index in range(TRAPS_A_FIELD)]

    @property
    def outline(self) -> dict[str, object]:
        """A field outline, counter-clockwise, in a grid of four by three."""
        row, column = divmod(self.number, 4)
        west, south = _CORNER[0] + column * _SIDE * 1.1, _CORNER[1] + row * _SIDE * 1.1
        skew = 0.006 * math.sin(self.number * 2.1)
        ring = [
            [west, south + skew], [west + _SIDE, south - skew], [west + _SIDE + skew, south + _SIDE],
            [west + skew, south + _SIDE + skew], [west, south + skew],
        ]  # fmt: skip
        return {"type": "Polygon", "coordinates": [[[round(x, 5), round(y, 5)] for x, y in ring]]}


PLACES = [Place(number) for number in range(len(COMMUNES))]


def fill(conn: pool.Connection, now: datetime | None = None, nights: int = NIGHTS) -> None:
    """Fills a migrated database and commits: places, rules, people, `nights` nights up to the last one, history."""
    now = now or datetime.now(UTC)
    last = now.astimezone(ZONE).date() - timedelta(days=1)
    register(conn, last - timedelta(days=nights + 400))
    for night in range(nights):
        told_within_s = 1e9 if night > nights - 40 else 0
        store_batch(conn, list(_night(last, nights, night)), alert_within_s=told_within_s)
        if told_within_s:
            ago = nights - 1 - night
            messages.tell(conn, ORG, last - timedelta(days=ago), approve=ago >= messages.NIGHTS_UNAPPROVED)
        conn.commit()
    alerts.judge_over(conn, ORG, 1e9, quiet_s=0)
    messages.tell(conn, ORG, last, approve=False)
    # All of it arrived just now; the ledger is to say that it came when it was sent.
    conn.execute("UPDATE ledger l SET last_at = (SELECT max(received_at) FROM reading r WHERE r.trap_id = l.trap_id)")
    conn.commit()
    _say_how_traps_are(conn, now)
    _write_down_old_records(conn, last)
    devices.watch(conn, ORG, 1e9)
    messages.tell(conn, ORG, last, approve=False)
    messages.arrive(conn)
    conn.commit()


def register(conn: pool.Connection, since: date) -> None:
    """The places, traps, rules and people, without any reading yet."""
    orgs.ensure_org(conn, ORG)
    conn.execute("UPDATE org SET name = 'Trạm BVTV Đồng Bằng (số liệu giả)' WHERE org_id = %s", (ORG,))
    began = datetime.combine(since, datetime.min.time(), UTC)
    for place, name in zip(PLACES, COMMUNES, strict=True):
        communes.put_commune(conn, model.Commune(place.commune_code, name, "99", "Tỉnh Đồng Bằng"))
        farmer = ("Ông Ba Kiệt", "Bà Tư Sương", "Anh Sáu Danh", "Chị Năm Hên")[place.number % 4]
        fields.put_field(
            conn,
            model.Field(place.field_id, ORG, f"Ruộng {farmer}", str(ZONE), place.outline, 1.5, place.commune_code),
        )
        for trap_id in place.traps:
            traps.register_trap(
                conn, trap_id=trap_id, org_id=ORG, name=f"Bẫy {trap_id[3:]}", nominal_s=PLANNED_S, in_service_from=began
            )
            conn.execute("UPDATE trap SET created_at = %s WHERE trap_id = %s", (began, trap_id))
            traps.deploy(conn, trap_id=trap_id, field_id=place.field_id, at=began)
    alerts.put_rule(conn, model.AlertRule(ORG, BPH, "Chị Lan", watch=300, warning=1000, alarm=5000))
    alerts.put_rule(conn, model.AlertRule(ORG, BORER, "Chị Lan", watch=20, warning=60, is_proposal=True))
    recipients.put_setting(conn, ORG, "Chị Lan", farmers_need_approval=True, phone="02923812345")
    for place in PLACES:
        person = model.Recipient(
            ORG, f"Nông dân {place.number + 1}", addresses={"sms": f"09123456{place.number:02d}"},
            language=("vi", "vi", "km")[place.number % 3], consent_at=began, consent_how="trên giấy",
        )  # fmt: skip
        recipient_id, _ = recipients.add_recipient(conn, person)
        recipients.subscribe(conn, model.Subscription(recipient_id, field_id=place.field_id))
    messages.add_staff(conn, ORG)
    readings.create_stage(conn)
    conn.commit()


def _night(last: date, nights: int, index: int) -> Iterator[Message]:
    for place in PLACES:
        for number, trap_id in enumerate(place.traps):
            if (lamp_s := _lamp_s(place, number, nights - 1 - index)) is not None:
                night = last - timedelta(days=nights - 1 - index)
                yield _reading(place, trap_id, night, nights - 1 - index, lamp_s, index + 1)


def _reading(place: Place, trap_id: str, night: date, ago: int, lamp_s: int, seq: int) -> Message:
    chance = random.Random(f"{trap_id} {night}")
    share = lamp_s / PLANNED_S
    counts = {
        BPH: int(_hoppers(place, ago, chance) * share),
        BORER: int(chance.expovariate(1 / 4) * share),
        MIRID: int(chance.expovariate(1 / 9) * share),
        "unidentified": int(chance.expovariate(1 / 30) * share),
    }
    start = datetime.combine(night, datetime.min.time(), ZONE) + timedelta(hours=18)
    wet = chance.random() < 0.3
    packet = a_reading(
        seq, start=start.astimezone(UTC), end=(start + timedelta(hours=11)).astimezone(UTC), lamp_s=lamp_s,
        counts=counts, temperature_c=round(chance.gauss(26.5, 1.2), 1), humidity_pct=round(chance.uniform(78, 96)),
        rain_mm=round(chance.expovariate(1 / 12), 1) if wet else 0.0, battery_v=round(chance.uniform(11.9, 12.6), 2),
        signal_dbm=round(chance.uniform(-105, -75)), model_version="v7",
    )  # fmt: skip
    received = (start + timedelta(hours=11, minutes=20)).timestamp()
    return Message(1, 1, 1, topics.build(ORG, trap_id, topics.Kind.READING).encode(), packet.payload(), received)


def _hoppers(place: Place, ago: int, chance: random.Random) -> float:
    """Hoppers of a night `ago` nights back: a flight each 25 days that travels, the newest one the largest."""
    row, column = divmod(place.number, 4)
    since_peak = (ago - 1 + 2 * row - column) % _PEAK_EVERY
    nights_off = min(since_peak, _PEAK_EVERY - since_peak)
    size = (7000 if ago < 10 else 500) * (1.0, 0.5, 0.2)[row]
    return 8 + size * math.exp(-((nights_off / 2.2) ** 2)) * chance.lognormvariate(0, 0.35) + chance.expovariate(1 / 8)


def _lamp_s(place: Place, number: int, ago: int) -> int | None:
    """Lamp seconds of a night; None: no message. The last fields have a silent trap, one lost its last nights."""
    which = place.number * TRAPS_A_FIELD + number
    if (which == 35 and ago < 9) or (which == 20 and ago < 3) or (which == 4 and ago in (30, 31, 32)):
        return None
    if which == 7 and ago < 2:
        return 12_000
    if which % 9 == 3 and ago % 17 == 5:
        return 25_000
    return PLANNED_S - 60 * ((which * 7 + ago) % 5)


def _say_how_traps_are(conn: pool.Connection, now: datetime) -> None:
    """Status packets: most are well, some low on battery, one offline."""

    def messages() -> Iterator[Message]:
        for place in PLACES:
            for number, trap_id in enumerate(place.traps):
                which = place.number * TRAPS_A_FIELD + number
                if _lamp_s(place, number, 0) is None:
                    continue
                packet = wire.StatusPacket(
                    v=1, online=which != 11, at=now - timedelta(minutes=20), boot=BOOT, last_seq=NIGHTS,
                    firmware="2.3.1", battery_v=11.2 if which in (7, 22) else 12.4, panel_v=14.1, signal_dbm=-88,
                )  # fmt: skip
                topic = topics.build(ORG, trap_id, topics.Kind.STATUS).encode()
                yield Message(1, 1, 1, topic, packet.payload(), (now - timedelta(minutes=20)).timestamp())

    store_batch(conn, list(messages()))


def _write_down_old_records(conn: pool.Connection, last: date) -> None:
    """Six years of manual nights for the first field's first trap, so that it has a normal."""
    chance = random.Random(7)
    trap_id = PLACES[0].traps[0]
    old = []
    for year in range(last.year - _YEARS, last.year):
        for day in range(0, 365, 2):
            night = date(year, 1, 1) + timedelta(days=day)
            height = 900 * math.exp(-((((day - 10 * (year % 3)) % 75 - 37) / 9) ** 2))
            old.append(
                model.ManualNight(
                    trap_id, "Bẫy 001", BPH, night, int(10 + height * chance.lognormvariate(0, 0.4)), PLANNED_S
                )
            )
    manual_nights.put_manual_nights(conn, old, org_id=ORG, source="showcase.csv")


def main(arguments: Sequence[str]) -> None:
    """Fills the database at a DSN."""
    with pool.connect(arguments[0], application="lighttrap showcase") as conn:
        fill(conn)


if __name__ == "__main__":
    main(sys.argv[1:])
