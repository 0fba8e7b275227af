"""Alerts: judging the nights that a transaction touched, and keeping the episodes in step with them.

Called within the transaction that stored the readings. A field's night under a rule has one level; only when that
changes are the episodes of its place folded anew, so calm nights cost next to nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any, NamedTuple

from psycopg import Cursor
from psycopg.rows import class_row

from lighttrap import model, sql
from lighttrap.agronomy import defaults, episodes
from lighttrap.agronomy.episodes import Change, JudgedNight, Known, Sustain
from lighttrap.agronomy.level import Level
from lighttrap.errors import NotFound
from lighttrap.store import orgs, readings
from lighttrap.store.pool import Connection

_SQL = sql.load("alerts")
TOLD_WITHIN_S = 48 * 3600.0
"""Of a night further back nobody is told any more."""
FOLD_BACK = timedelta(days=60)
"""So far before the first changed night a fold begins, or at the start of the alert that lies across that day."""
WARM_UP = timedelta(days=30)
"""Nights before that, which only count for k of n."""
QUIET_S = 600.0
"""A night that is over is judged for good when nothing was added to it for so long."""
SWEEP_LIMIT = 2000
REJUDGE_NIGHTS = 30
"""So far back a new rule looks; older nights stay as the rules of their time judged them."""
FIELDS_A_SLICE = 200


class Place(NamedTuple):
    """A field under a rule."""

    rule_id: int
    field_id: str


def touch_fresh(conn: Connection) -> Cursor[Any]:
    """Notes the nights that the staged batch added to; the cursor's row count says how many, after the pipeline."""
    return conn.execute(_SQL["touch_fresh"], prepare=True)


def judge_touched(conn: Connection, told_within_s: float, *, ended: bool = False) -> int:
    """Judges the touched nights and raises, changes and ends alerts accordingly. Returns how many events it wrote.

    Events that raise a level of nights further back than `told_within_s` are marked late: history, of which nobody is
    told. With `ended`, nights that are over are judged for good; without, more of them may still be on its way.
    """
    with conn.pipeline():
        conn.execute(_SQL["lock_places"], prepare=True)
        found = conn.execute(_SQL["strays"], prepare=True)
    strays = [field_id for (field_id,) in found.fetchall()]
    if strays:
        conn.execute(_SQL["touch_fields"], {"field_ids": strays, "nights": REJUDGE_NIGHTS})
    with conn.pipeline():
        conn.execute(_SQL["value_nights"], {"ended": ended}, prepare=True)
        changed = conn.execute(_SQL["level_nights"], {"lapse_nights": episodes.LAPSE_NIGHTS}, prepare=True)
    first = {Place(rule_id, field_id): night for rule_id, field_id, night in changed.fetchall()}
    if strays:
        first |= _adopt(conn, strays)
    return _settle(conn, first, told_within_s) if first else 0


class SaidNow(NamedTuple):
    """An alert event that this transaction has written; `cause` is TRAP/BOOT/SEQ of the reading that tipped it."""

    event_id: int
    alert_id: int
    word: str
    level: int
    night: date
    cause: str | None


def said_now(conn: Connection) -> list[SaidNow]:
    """The events of this transaction that people may be told of, for the log."""
    return [SaidNow(*row) for row in conn.execute(_SQL["said_now"], prepare=True).fetchall()]


def judge_trap_night(conn: Connection, trap_id: str, night: date, told_within_s: float = TOLD_WITHIN_S) -> int:
    """Judges a trap's night again, for good if it is over, as when its count was corrected. Returns the events written.

    Lock the trap's catch before, if at all: ingest locks catches before fields.
    """
    readings.create_stage(conn)
    conn.execute(_SQL["touch_trap_night"], {"trap_id": trap_id, "night": night})
    return judge_touched(conn, told_within_s, ended=True)


def judge_over(conn: Connection, org_id: str | None, told_within_s: float, quiet_s: float = QUIET_S) -> int:
    """Judges for good nights that are over, some at a time, and lets alerts lapse. Returns how many events it wrote."""
    conn.execute(_SQL["lapse"], {"org_id": org_id, "lapse_nights": episodes.LAPSE_NIGHTS}, prepare=True)
    wanted = {"org_id": org_id, "limit": SWEEP_LIMIT, "quiet_s": quiet_s}
    if not conn.execute(_SQL["touch_over"], wanted, prepare=True).rowcount:
        return 0
    events = judge_touched(conn, told_within_s, ended=True)
    conn.execute(_SQL["end_over"], prepare=True)
    return events


def list_rules(conn: Connection, org_id: str | None = None) -> list[model.AlertRule]:
    """The rules in force, of one org or of all."""
    cursor = conn.cursor(row_factory=class_row(model.AlertRule))
    return cursor.execute(_SQL["rules"], {"org_id": org_id}).fetchall()


def rule_versions(conn: Connection, org_id: str, rule_id: int) -> list[model.AlertRule]:
    """All versions of a rule, given any of them, the newest first; only the first can be in force. Raises NotFound."""
    cursor = conn.cursor(row_factory=class_row(model.AlertRule))
    found = cursor.execute(_SQL["rule_versions"], {"org_id": org_id, "rule_id": rule_id}).fetchall()
    if not found:
        raise NotFound(f"there is no rule {rule_id}")
    return found


def put_rule(
    conn: Connection,
    rule: model.AlertRule,
    told_within_s: float = TOLD_WITHIN_S,
    *,
    note: Callable[[model.AlertRule | None, model.AlertRule], None] | None = None,
) -> model.AlertRule:
    """Puts a rule in force in place of the one for the same species and place, and judges the last nights by it.

    What the old version raised and is not over goes on under the new one. Commits, field by field: an org may have
    thousands. `note` is told what was in force before and what is now, in the transaction that makes the change.
    Returns the rule with its id and version.
    """
    _lock(conn, rule.org_id)
    before = _in_force(conn, rule)
    put = _put(conn, rule)
    if note:
        note(before, put)
    _rejudge(conn, rule.org_id, [rule.species], told_within_s)
    return put


def end_rule(conn: Connection, rule: model.AlertRule, told_within_s: float = TOLD_WITHIN_S) -> bool:
    """Takes the rule for this species and place out of force; False when there is none. Commits, like `put_rule`.

    With a `rule_id`, only while that version is the one in force. Its alerts go on under the next rule that fits their
    fields, or end when there is none.
    """
    _lock(conn, rule.org_id)
    if conn.execute(_SQL["end_rule"], asdict(rule)).fetchone() is None:
        return False
    _rejudge(conn, rule.org_id, [rule.species], told_within_s)
    return True


def propose_rules(conn: Connection, org_id: str, author: str) -> list[model.AlertRule]:
    """Puts the proposed rules in force for species that never had a rule in this org. Commits, like `put_rule`."""
    _lock(conn, org_id)
    had = {species for (species,) in conn.execute(_SQL["ruled_species"], {"org_id": org_id}).fetchall()}
    put = [_put(conn, rule) for rule in _proposals(org_id, author) if rule.species not in had]
    if put:
        _rejudge(conn, org_id, [rule.species for rule in put], TOLD_WITHIN_S)
    return put


def _proposals(org_id: str, author: str) -> Iterator[model.AlertRule]:
    jump = defaults.RelativeSettings().jump_factor
    for species, bands in defaults.SPECIES_RULES.items():
        yield model.AlertRule(
            org_id, species, author, bands.watch, bands.warning, bands.alarm,
            floor=bands.floor, jump_ratio=jump, is_proposal=True,
        )  # fmt: skip


def _lock(conn: Connection, org_id: str) -> None:
    """Nobody else changes a rule of the org until the transaction ends, and no batch comes between."""
    orgs.lock_org(conn, org_id)
    conn.execute(_SQL["lock_org"], {"org_id": org_id})


def _in_force(conn: Connection, rule: model.AlertRule) -> model.AlertRule | None:
    """The rule in force for the same species and place."""
    wanted = (rule.kind, rule.species, rule.field_id, rule.commune_code)
    found = (one for one in list_rules(conn, rule.org_id)
             if (one.kind, one.species, one.field_id, one.commune_code) == wanted)  # fmt: skip
    return next(found, None)


def _put(conn: Connection, rule: model.AlertRule) -> model.AlertRule:
    values = {**asdict(rule), "rule_id": None}
    [(last,)] = conn.execute(_SQL["last_version"], values).fetchall()
    conn.execute(_SQL["end_rule"], values)
    values["version"] = last + 1
    [(rule_id, created_at)] = conn.execute(_SQL["add_rule"], values).fetchall()
    return replace(rule, rule_id=rule_id, version=values["version"], created_at=created_at)


def _rejudge(conn: Connection, org_id: str, species: Sequence[str], told_within_s: float) -> None:
    """Hands the alerts of these species to the rules that are in force now, and judges the last nights by those."""
    fields = [field_id for (field_id,) in conn.execute(_SQL["fields_of"], {"org_id": org_id}).fetchall()]
    for one in species:
        conn.execute(_SQL["end_orphans"], {"org_id": org_id, "species": one})
    conn.commit()
    readings.create_stage(conn)
    for at in range(0, len(fields), FIELDS_A_SLICE):
        wanted = {"field_ids": fields[at : at + FIELDS_A_SLICE], "nights": REJUDGE_NIGHTS}
        conn.execute(_SQL["touch_fields"], wanted)
        conn.execute(_SQL["lock_places"])
        conn.execute(_SQL["adopt_ended"], wanted)
        judge_touched(conn, told_within_s, ended=True)
        conn.commit()


def _adopt(conn: Connection, fields: Sequence[str]) -> dict[Place, date]:
    """Lets alerts go on under the rules that are their fields' now. Returns the places to fold again."""
    conn.execute(_SQL["withdraw_doubles"], {"field_ids": fields})
    found = conn.execute(_SQL["adopt"], {"field_ids": fields}).fetchall()
    return {Place(rule_id, field_id): opened for rule_id, field_id, opened in found}


def _settle(conn: Connection, first: dict[Place, date], told_within_s: float) -> int:
    """Makes the alerts of these places agree with their nights, from some time before the first that changed."""
    since = {place: night - FOLD_BACK for place, night in first.items()}
    known = _known(conn, since)
    for place, alerts in known.items():
        since[place] = min([since[place], *(alert.opened for alert in alerts)])
    nights = _nights(conn, {place: night - WARM_UP for place, night in since.items()})
    sustain = {rule_id: Sustain(*rest) for rule_id, *rest in _rows(conn, "sustain_of", rule_ids=_ids(first))}
    wanted = [
        (place, change)
        for place in first
        for change in episodes.changes(
            known[place], episodes.episodes(nights[place], sustain[place.rule_id], since[place])
        )
    ]
    return _apply(conn, wanted, told_within_s) if wanted else 0


def _known(conn: Connection, since: dict[Place, date]) -> dict[Place, list[Known]]:
    found: dict[Place, list[Known]] = defaultdict(list)
    for row in _of_places(conn, "known_alerts", since):
        alert_id, rule_id, field_id, opened, cleared, level, withdrawn, levels, nights, said_over = row
        said = frozenset((Level(one), night) for one, night in zip(levels, nights, strict=True))
        alert = Known(alert_id, opened, cleared, Level(level), said, said_over, withdrawn)
        found[Place(rule_id, field_id)].append(alert)
    return found


def _nights(conn: Connection, since: dict[Place, date]) -> dict[Place, list[JudgedNight]]:
    found: dict[Place, list[JudgedNight]] = defaultdict(list)
    for rule_id, field_id, night, level, calm in _of_places(conn, "judged_nights", since):
        found[Place(rule_id, field_id)].append(JudgedNight(night, Level(level), calm))
    return found


def _apply(conn: Connection, wanted: Sequence[tuple[Place, Change]], told_within_s: float) -> int:
    """Writes changes, those first that end an alert: a place has one active alert at most."""
    withdrawn = [change.alert_id for _, change in wanted if change.episode is None]
    if withdrawn:
        conn.execute(_SQL["withdraw_alerts"], {"alert_ids": withdrawn}, prepare=True)
    for is_active in (False, True):
        _update(conn, [c for _, c in wanted if c.alert_id and c.episode and (c.episode.cleared is None) == is_active])
    new = _raise(conn, [(place, change) for place, change in wanted if change.alert_id is None])
    says = [
        (change.alert_id or new[place, change.episode.opened if change.episode else date.min], said)
        for place, change in wanted
        for said in change.say
    ]
    if says:
        values = {
            "alert_ids": [alert_id for alert_id, _ in says],
            "words": [str(said.word) for _, said in says],
            "levels": [int(said.level) for _, said in says],
            "nights": [said.night for _, said in says],
            "told_within_s": told_within_s,
        }
        conn.execute(_SQL["say"], values, prepare=True)
        conn.execute(_SQL["wake_notifier"])
    return len(says)


def _update(conn: Connection, wanted: Sequence[Change]) -> None:
    if wanted:
        values = {"alert_ids": [change.alert_id for change in wanted], **_columns(wanted)}
        conn.execute(_SQL["update_alerts"], values, prepare=True)


def _raise(conn: Connection, wanted: Sequence[tuple[Place, Change]]) -> dict[tuple[Place, date], int]:
    if not wanted:
        return {}
    places = {
        "rule_ids": [place.rule_id for place, _ in wanted],
        "field_ids": [place.field_id for place, _ in wanted],
        **_columns([change for _, change in wanted]),
    }
    rows = _rows(conn, "raise_alerts", **places)
    return {(Place(rule_id, field_id), opened): alert_id for rule_id, field_id, opened, alert_id in rows}


def _columns(wanted: Sequence[Change]) -> dict[str, list[Any]]:
    found = [change.episode for change in wanted if change.episode]
    return {
        "levels": [int(one.level) for one in found],
        "opened": [one.opened for one in found],
        "cleared": [one.cleared for one in found],
    }


def _of_places(conn: Connection, name: str, since: dict[Place, date]) -> list[Any]:
    field_ids = [place.field_id for place in since]
    rule_ids = [place.rule_id for place in since]
    return _rows(conn, name, rule_ids=rule_ids, field_ids=field_ids, since=list(since.values()))


def _ids(places: Iterable[Place]) -> list[int]:
    return sorted({place.rule_id for place in places})


def _rows(conn: Connection, name: str, **values: Any) -> list[Any]:  # noqa: ANN401 - statement parameters
    return conn.execute(_SQL[name], values, prepare=True).fetchall()
