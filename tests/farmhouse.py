"""A farmer's field, traps and alerts in any state, written as ingest and the rules leave them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from lighttrap import model
from lighttrap.agronomy.level import Level
from lighttrap.night import night_of
from lighttrap.notify.channels.channel import Message, OnUnknown, Outcome, Receipt
from lighttrap.store import fields, orgs, pool, recipients, traps

BPH = "nilaparvata-lugens"
ORG = "soc-trang"
ORG_NAME = "Chi cục Trồng trọt và BVTV Sóc Trăng"
COMMUNE = "Xã Lịch Hội Thượng"
PHONE = "0299 3 123 456"
THRESHOLDS = {Level.WATCH: 300, Level.WARNING: 1000, Level.ALARM: 5000}
RISING = (41, None, 0, 180, 420, 1240, 6120)
"""Seven nights up to last night, one of them silent, one without any insect."""
CALM = (41, 12, 0, 18, 30, 22, 40)


def last_night() -> date:
    """The last night that is over."""
    return night_of(datetime.now(UTC)) - timedelta(days=1)


def level_of(value: float | None) -> Level:
    """What the rule here makes of a catch."""
    return max((level for level, bar in THRESHOLDS.items() if value is not None and value >= bar), default=Level.NONE)


@dataclass
class Farm:
    """A field with its trap, the rule of its pest, and the alert, if there is one."""

    conn: pool.Connection
    field_id: str = "field-17"
    species: str = BPH
    name: str = "Ruộng số 17"
    is_proposal: bool = False
    rule_id: int = 0
    alert_id: int = 0
    said: list[str] = field(default_factory=list)

    def nights(self, values: Sequence[float | None], *, until: date | None = None, is_final: bool = True) -> None:
        """Judged nights, the last being `until`; None is a night without data."""
        last = until or last_night()
        query = (
            "INSERT INTO judged_night (rule_id, field_id, night, value, traps, is_valid, is_final, level)"
            " VALUES (%s, %s, %s, %s, 1, true, %s, %s) ON CONFLICT (rule_id, field_id, night)"
            " DO UPDATE SET value = excluded.value, level = excluded.level, is_final = excluded.is_final"
        )
        for back, value in enumerate(reversed(values)):
            if value is not None:
                night = last - timedelta(days=back)
                row = (self.rule_id, self.field_id, night, value, is_final or back > 0, level_of(value))
                self.conn.execute(query, row)
        self.conn.commit()

    def say(self, word: str, level: Level, *, back: int = 0, verdict: str | None = None, **facts: Any) -> int:  # noqa: ANN401
        """An event of the alert, about the night `back` nights before the last; the alert is opened with the first."""
        night = last_night() - timedelta(days=back)
        if not self.alert_id:
            query = (
                "INSERT INTO alert (org_id, rule_id, species, field_id, level, highest, opened_night)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING alert_id"
            )
            row = (ORG, self.rule_id, self.species, self.field_id, max(level, 1), max(level, 1), night)
            [(self.alert_id,)] = self.conn.execute(query, row).fetchall()
        state = {"cleared": "cleared", "corrected": "withdrawn" if level == 0 else "active"}.get(word, "active")
        self.conn.execute(
            "UPDATE alert SET state = %s, level = %s, cleared_at = CASE WHEN %s <> 'active' THEN now() END"
            " WHERE alert_id = %s", (state, level, state, self.alert_id),
        )  # fmt: skip
        self.said.append(word)
        told = {"value": None, "threshold": THRESHOLDS.get(level), "is_final": True, **facts}
        query = (
            "INSERT INTO alert_event (alert_id, number, word, level, night, facts, at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING event_id"
        )
        at = datetime.now(UTC) - timedelta(days=back)
        event = (self.alert_id, len(self.said), word, level, night, json.dumps(told), at)
        [(event_id,)] = self.conn.execute(query, event).fetchall()
        if verdict:
            self.conn.execute(
                "INSERT INTO approval (event_id, verdict, author) VALUES (%s, %s, 'Lan')", (event_id, verdict)
            )
        self.conn.commit()
        return int(event_id)


def a_farm(conn: pool.Connection, field_id: str = "field-17", species: str = BPH, **own: Any) -> Farm:  # noqa: ANN401 - Farm's own
    """A field of the office in its commune, with a trap and a rule for one pest."""
    farm = Farm(conn, field_id, species, **own)
    orgs.ensure_org(conn, ORG, ORG_NAME)
    recipients.put_setting(conn, ORG, "tests", phone=PHONE)
    conn.execute(
        "INSERT INTO commune (commune_code, name) VALUES ('31498', %s) ON CONFLICT (commune_code) DO NOTHING", [COMMUNE]
    )
    place = model.Field(farm.field_id, ORG, farm.name, "Asia/Ho_Chi_Minh", commune_code="31498")
    fields.put_field(conn, place)
    since = datetime.now(UTC) - timedelta(days=60)
    trap_id = f"st-{field_id}"
    if traps.register_trap(conn, trap_id=trap_id, org_id=ORG, in_service_from=since):
        traps.deploy(conn, trap_id=trap_id, field_id=field_id, at=since)
    query = (
        "INSERT INTO alert_rule (org_id, species, field_id, watch, warning, alarm, author, is_proposal)"
        " VALUES (%s, %s, %s, 300, 1000, 5000, 'Lan', %s) RETURNING rule_id"
    )
    [(farm.rule_id,)] = conn.execute(query, (ORG, species, field_id, farm.is_proposal)).fetchall()
    conn.commit()
    return farm


def a_farmer(conn: pool.Connection, *field_ids: str, language: str = "vi", **place: Any) -> tuple[int, str]:  # noqa: ANN401 - Subscription's
    """Somebody who agreed to be told of these fields, with the token of their page."""
    consent = {"consent_at": datetime.now(UTC), "consent_how": "on paper"}
    who = model.Recipient(ORG, "Bà Trần Thị Tư", language=language, addresses={"sms": "0912345678"}, **consent)  # type: ignore[arg-type]
    recipient_id, token = recipients.add_recipient(conn, who)
    for field_id in field_ids:
        recipients.subscribe(conn, model.Subscription(recipient_id, field_id=field_id))
    if place:
        recipients.subscribe(conn, model.Subscription(recipient_id, **place))
    conn.commit()
    return recipient_id, token


def active(farm: Farm) -> None:
    """An alarm that rose from a warning."""
    farm.nights(RISING)
    farm.say("raised", Level.WARNING, back=1, value=1240)
    farm.say("raised", Level.ALARM, value=6120)


def over(farm: Farm) -> None:
    """An alarm that is over."""
    farm.nights((420, 1240, 6120, 900, 60, 22, 40))
    farm.say("raised", Level.ALARM, back=4)
    farm.say("cleared", Level.ALARM, highest_night=str(last_night() - timedelta(days=4)))


def wrong(farm: Farm) -> None:
    """A warning that turned out wrong."""
    farm.nights(CALM)
    farm.say("raised", Level.WARNING, back=1)
    farm.say("corrected", Level.NONE, back=1)


def lowered(farm: Farm) -> None:
    """A warning that turned out a watch."""
    farm.nights((41, 12, 60, 180, 420, 700, 500))
    farm.say("raised", Level.WARNING, back=1)
    farm.say("corrected", Level.WATCH, back=1)


def reopened(farm: Farm) -> None:
    """A watch that was called over too soon."""
    farm.nights((41, 12, 60, 180, 420, 700, 500))
    for word in ("raised", "cleared", "reopened"):
        farm.say(word, Level.WATCH, back=1)


def silent(farm: Farm) -> None:
    """A trap that fell silent three nights ago."""
    farm.nights((41, 12, 60, 22), until=last_night() - timedelta(days=3))


def silent_in_alarm(farm: Farm) -> None:
    """The same, during an alarm."""
    farm.nights((420, 1240, 6120), until=last_night() - timedelta(days=2))
    farm.say("raised", Level.ALARM, back=2)


def going_on(farm: Farm) -> None:
    """A warning in a night that goes on."""
    farm.nights((*CALM, 1100), is_final=False, until=last_night() + timedelta(days=1))
    farm.say("raised", Level.WARNING, back=-1, is_final=False)


class Provider:
    """A channel that takes every message and keeps it."""

    name = "sms"
    on_unknown = OnUnknown.SEND_AGAIN
    tells_each = False

    def __init__(self) -> None:
        self.asked: list[Message] = []
        self.script: list[Receipt] = []
        """Its next answers; then always that it was sent."""

    def send(self, message: Message) -> Receipt:
        """Takes one."""
        self.asked.append(message)
        return self.script.pop(0) if self.script else Receipt(Outcome.SENT)

    def close(self) -> None:
        """Nothing to let go of."""
