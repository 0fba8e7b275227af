"""Courses of fields and traps, peaks and normal years over the API, against the agronomy on the same series."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from lighttrap import model
from lighttrap.agronomy import forecast, forecast_settings, moon, normal, peaks, smooth, timeline, trend
from lighttrap.agronomy.valid import Floats
from lighttrap.model import Role
from lighttrap.night import night_of
from lighttrap.store import alerts, manual_nights, pool, session
from tests import soctrang
from tests.builders import ORG, a_trap
from tests.fix_api import Api, a_token

BPH, BORER = "nilaparvata-lugens", "scirpophaga-incertulas"
NOMINAL_S = 39_600


def tonight(conn: pool.Connection) -> date:
    [(at,)] = conn.execute("SELECT now()").fetchall()
    return night_of(at)


def flights(nights: int, offset: int = 0, gap: int = 25, top: float = 900) -> Floats:
    """Whole insects a night: a flight every `gap` nights."""
    day = np.arange(nights) + offset
    return np.round(5 + top * np.exp(-0.5 * ((day % gap - gap // 2) / 2.5) ** 2))


def a_field(conn: pool.Connection, field_id: str = "field-7", commune: str = "31498", org: str = ORG) -> str:
    conn.execute(
        "INSERT INTO field (field_id, org_id, name, commune_code) VALUES (%s, %s, 'Ruộng', %s)",
        (field_id, org, commune),
    )
    return field_id


def a_placed_trap(conn: pool.Connection, trap_id: str, field_id: str = "field-7", **own: Any) -> str:  # noqa: ANN401
    """A trap that has stood in the field for years."""
    a_trap(conn, trap_id, **own)
    conn.execute("UPDATE trap SET created_at = '2020-01-01' WHERE trap_id = %s", (trap_id,))
    conn.execute("INSERT INTO deployment VALUES (%s, %s, '2019-01-01')", (trap_id, field_id))
    return trap_id


def store(
    conn: pool.Connection,
    trap_id: str,
    last: date,
    counts: Sequence[float] | Floats,
    lamp_s: Sequence[int] | int = NOMINAL_S,
    species: str = BPH,
) -> None:
    """Nights that end with `last`, as readings would have left them; NaN is a silent night."""
    lamps = [lamp_s] * len(counts) if isinstance(lamp_s, int) else lamp_s
    for back, (count, lamp) in enumerate(zip(list(counts)[::-1], list(lamps)[::-1], strict=True)):
        night = last - timedelta(days=back)
        if np.isnan(count):
            continue
        at = datetime.combine(night, datetime.min.time())
        conn.execute(
            "INSERT INTO trap_night (trap_id, night, lamp_s, covered_s, readings, first_at, last_at)"
            " VALUES (%s, %s, %s, %s, 66, %s, %s) ON CONFLICT DO NOTHING",
            (trap_id, night, lamp, lamp, at, at + timedelta(hours=22)),
        )
        conn.execute("INSERT INTO catch VALUES (%s, %s, %s, %s, %s, 66)", (trap_id, species, night, int(count), lamp))
    conn.commit()


@pytest.fixture
def ask(api: Api, conn: pool.Connection) -> Any:  # noqa: ANN401
    headers = a_token(conn, ORG, Role.VIEWER)

    def asked(path: str, status: int = 200, **params: Any) -> Any:  # noqa: ANN401
        answer = api.client.get(f"/v1/orgs/{ORG}{path}", params={"species": BPH, **params}, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    return asked


def floats(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if one is None else one for one in values])


def same(told: Sequence[float | None], wanted: Floats) -> None:
    np.testing.assert_allclose(floats(told), wanted, atol=0.006)


# One answer for a chart


def test_trend_is_what_the_agronomy_makes_of_the_nights(ask, conn):
    a_field(conn)
    last = tonight(conn) - timedelta(days=1)
    catch = np.stack([flights(300), flights(300, offset=3, top=700)])
    catch[0, 250] = np.nan
    for trap_id, row in zip(("st-014", "st-015"), catch, strict=True):
        store(conn, a_placed_trap(conn, trap_id), last, row)
    told = ask("/fields/field-7/trend", first=last - timedelta(days=179), last=last)
    shown = slice(120, 300)
    assert told["nights"] == [str(last - timedelta(days=back)) for back in reversed(range(180))]
    assert told["as_of"] == str(last)
    axis = np.array(told["nights"], "datetime64[D]")
    assert told["lunar_days"] == moon.lunar_days(axis).tolist()
    settings = forecast_settings.for_species(BPH)
    looks = forecast.newest(forecast.run(catch, settings), 299)
    found, seen = peaks.find(catch, settings.peak), peaks.walk(catch, settings.peak)
    for at, one in enumerate(told["traps"]):
        same(one["catch"], catch[at, shown])
        same(one["trailing_median"], smooth.trailing_median(catch)[at, shown])
        same(one["centred_median"], smooth.centred_median(catch)[at, shown])
        nights = [peak for peak in found.of(at) if peak >= 120]
        assert [peak["night"] for peak in one["outlook"]["peaks"]] == [str(axis[peak - 120]) for peak in nights]
        assert one["outlook"]["state"] == peaks.State(int(seen.state[at, -1])).name.lower().replace("_", "-")
        assert one["slope"]["slope"] == pytest.approx(float(trend.theil_sen(catch[at]).slope), abs=1e-4)
        assert one["forecast"]["answer"] == forecast.Answer(int(looks.answer[at])).name.lower().replace("_", "-")
    same(told["field"]["value"], np.nanmedian(catch[:, shown], axis=0))
    assert told["field"]["in_service"] == [2] * 180
    assert told["field"]["reporting"] == [1 if at == 130 else 2 for at in range(180)]
    assert told["field"]["typical"][130] is None  # one trap is a trap, not a field
    assert told["field"]["change"]["traps"] == 2
    assert told["band"] is None


def test_what_follows_a_peak_and_the_sowing_proposal_start_from_its_night(ask, conn):
    a_field(conn)
    last = tonight(conn) - timedelta(days=1)
    # The last flight's highest night is six nights before the last.
    store(conn, a_placed_trap(conn, "st-014"), last, flights(69))
    store(conn, "st-014", last, flights(69), species=BORER)
    [one] = ask("/fields/field-7/trend", first=last - timedelta(days=60), last=last)["traps"]
    outlook = one["outlook"]
    newest = date.fromisoformat(outlook["peaks"][-1]["night"])
    assert newest == last - timedelta(days=6)
    assert (outlook["state"], outlook["peaks"][-1]["is_final"]) == ("peak", False)
    wanted = timeline.after(newest, timeline.PLANTHOPPERS)
    assert [(w["stage"], w["first"], w["last"], w["basis"]) for w in outlook["after"]] == [
        (w.stage, str(w.first), str(w.last), w.basis) for w in wanted
    ]
    sow = outlook["sowing"]
    assert (sow["is_confirmed"], sow["basis"]) == (True, "assumed")
    assert sow["sow_first"]["date"] == str(newest + timedelta(days=1))
    lunar = moon.lunar_date(newest + timedelta(days=1))
    assert (sow["sow_first"]["lunar_day"], sow["sow_first"]["lunar_month"]) == (lunar.day, lunar.month)
    assert {"partly-late", "raise-water"} <= set(sow["notes"])
    [borer] = ask("/fields/field-7/trend", first=last - timedelta(days=60), last=last, species=BORER)["traps"]
    assert [w["stage"] for w in borer["outlook"]["after"]] == ["control"]
    assert borer["outlook"]["sowing"] is None  # nobody dodges a borer by sowing


def test_rising_trap_is_told_to_soak_and_nothing_is_confirmed(ask, conn):
    a_field(conn)
    last = tonight(conn) - timedelta(days=1)
    store(conn, a_placed_trap(conn, "st-014"), last, [2.0] * 40 + [10, 40, 120, 300, 700, 1500])
    [one] = ask("/fields/field-7/trend", first=last - timedelta(days=30), last=last)["traps"]
    assert one["outlook"]["state"] == "rising"
    assert one["outlook"]["sowing"]["is_confirmed"] is False
    assert one["outlook"]["sowing"]["soak_first"]["date"] == str(last + timedelta(days=1))


def test_zero_lost_silent_and_pending_are_told_apart(ask, conn):
    a_field(conn)
    now = tonight(conn)
    lamps = [NOMINAL_S, NOMINAL_S * 7 // 10, NOMINAL_S * 4 // 10, NOMINAL_S, 3600]
    store(conn, a_placed_trap(conn, "st-014"), now, [0, 70, 50, np.nan, 9], lamps)
    told = ask("/fields/field-7/trend", first=now - timedelta(days=4), last=now)
    [one] = told["traps"]
    assert one["state"] == ["complete", "partial", "lost", "silent", "pending"]
    assert one["count"] == [0, 70, 50, None, 9]
    assert one["catch"] == [0.0, 100.0, None, None, None]
    assert told["as_of"] == str(now - timedelta(days=1))
    assert told["field"]["value"] == [0.0, 100.0, None, None, None]
    assert told["field"]["level"] == [None] * 5
    assert one["outlook"]["state"] == "no-data"
    assert (one["forecast"]["answer"], one["forecast"]["is_scored"]) == ("no-data", False)


def test_night_that_is_complete_counts_though_it_goes_on(ask, conn):
    a_field(conn)
    now = tonight(conn)
    store(conn, a_placed_trap(conn, "st-014"), now, [7, 30])
    assert ask("/fields/field-7/trend", first=now, last=now)["traps"][0]["catch"] == [30.0]
    assert ask("/fields/field-7/trend", first=now, last=now)["as_of"] == str(now)


def test_levels_are_those_the_rules_judged_with_their_lines(ask, conn):
    a_field(conn)
    last = tonight(conn) - timedelta(days=1)
    store(conn, a_placed_trap(conn, "st-014"), last, [60, 400, 1200, 20], [NOMINAL_S] * 3 + [1000])
    for watch in (100.0, 300.0):
        alerts.put_rule(conn, model.AlertRule(ORG, BPH, "Lan", watch=watch, warning=1000, alarm=5000))
    told = ask("/fields/field-7/trend", first=last - timedelta(days=3), last=last)
    assert told["field"]["level"] == [0, 1, 2, None]  # the lamp failed in the last
    assert told["field"]["state"] == ["final", "final", "final", "lost"]
    [line, old] = told["rules"]
    assert (line["version"], line["watch"], line["author"], line["is_in_force"]) == (2, 300, "Lan", True)
    assert (old["version"], old["is_in_force"]) == (1, False)
    assert set(told["field"]["rule_id"]) == {line["rule_id"]}
    of_trap = ask("/traps/st-014/trend", first=last, last=last)
    assert (of_trap["field"], [one["version"] for one in of_trap["rules"]]) == (None, [2])


def test_traps_of_different_lamp_hours_are_not_put_together(ask, conn):
    a_field(conn)
    last = tonight(conn) - timedelta(days=1)
    store(conn, a_placed_trap(conn, "st-014"), last, flights(40))
    store(conn, a_placed_trap(conn, "st-015", nominal_s=10_800), last, flights(40), 10_800)
    told = ask("/fields/field-7/trend", first=last - timedelta(days=29), last=last)
    assert told["is_mixed"] is True
    assert told["field"]["value"] == told["field"]["typical"] == [None] * 30
    assert told["field"]["change"] is None
    assert [one["catch"][-1] is not None for one in told["traps"]] == [True, True]
    assert told["field"]["reporting"] == [2] * 30
    assert ask("/fields/field-7/normal")["is_mixed"] is True


def test_trap_counts_in_a_field_only_while_it_stood_there(ask, conn):
    a_field(conn)
    a_field(conn, "field-8")
    last = tonight(conn) - timedelta(days=1)
    store(conn, a_placed_trap(conn, "st-014", "field-8"), last, flights(60))
    noon = datetime.combine(last - timedelta(days=9), datetime.min.time()) + timedelta(hours=5)
    conn.execute("UPDATE deployment SET to_at = %s", (noon,))
    conn.execute("INSERT INTO deployment VALUES ('st-014', 'field-7', %s)", (noon,))
    conn.commit()
    span = {"first": last - timedelta(days=29), "last": last}
    [new], [old] = (ask(f"/fields/{field}/trend", **span)["traps"] for field in ("field-7", "field-8"))
    assert [one is not None for one in new["catch"]] == [False] * 20 + [True] * 10
    assert [one is not None for one in old["catch"]] == [True] * 20 + [False] * 10
    assert [one is not None for one in new["state"]] == [False] * 20 + [True] * 10
    [whole] = ask("/traps/st-014/trend", **span)["traps"]
    assert None not in whole["catch"]
    assert new["outlook"]["state"] == "no-data"


def test_answer_about_a_past_night_knows_nothing_later(ask, conn):
    a_field(conn)
    last = tonight(conn) - timedelta(days=1)
    catch = flights(200)
    store(conn, a_placed_trap(conn, "st-014"), last, catch)
    then = last - timedelta(days=57)
    before = ask("/fields/field-7/trend", first=then - timedelta(days=60), last=then)
    conn.execute("DELETE FROM catch WHERE night > %s", (then,))
    conn.commit()
    after = ask("/fields/field-7/trend", first=then - timedelta(days=60), last=then)
    assert before == after
    assert before["as_of"] == str(then)


def test_forecast_of_a_strict_clock_says_what_it_is_worth(ask, conn):
    a_field(conn)
    last = tonight(conn) - timedelta(days=1)
    for trap_id, offset in (("st-014", 4), ("st-015", 7)):
        store(conn, a_placed_trap(conn, trap_id), last, flights(700, offset))
    told = ask("/fields/field-7/trend", first=last - timedelta(days=30), last=last)
    one = told["traps"][0]["forecast"]
    assert one["answer"] == "forecast"
    assert one["first"] <= one["point"] <= one["last"]
    assert one["made_on"] <= str(last)
    assert (one["is_scored"], one["basis"], one["chance"]) == (True, "derived", 0.8)
    assert one["score"]["forecasts"] == one["last_interval"]["forecasts"] >= 5
    assert one["score"]["mae_days"] < 3
    assert told == ask("/fields/field-7/trend", first=last - timedelta(days=30), last=last)


def test_recounted_night_counts_as_people_saw_it(ask, conn):
    a_field(conn)
    last = tonight(conn) - timedelta(days=1)
    store(conn, a_placed_trap(conn, "st-014"), last, [5, 600])
    [(correction_id,)] = conn.execute(
        "INSERT INTO correction (trap_id, species, night, count, machine_count, reason, author)"
        " VALUES ('st-014', %s, %s, 60, 600, 'x', 'Lan') RETURNING correction_id",
        (BPH, last),
    ).fetchall()
    conn.commit()
    [one] = ask("/fields/field-7/trend", first=last - timedelta(days=1), last=last)["traps"]
    assert (one["count"], one["machine_count"]) == ([5, 60], [5, 600])
    assert one["correction_id"] == [None, correction_id]
    assert one["catch"] == [5.0, 60.0]


def test_answer_asked_again_is_the_same_and_knows_whatever_changed_since(ask, conn):
    a_field(conn)
    last = tonight(conn) - timedelta(days=1)
    store(conn, a_placed_trap(conn, "st-014"), last, [60, 400, 1200, 20])

    def told() -> Any:  # noqa: ANN401
        return ask("/fields/field-7/trend", first=last - timedelta(days=3), last=last)

    known = told()
    assert told() == known
    alerts.put_rule(conn, model.AlertRule(ORG, BPH, "Lan", watch=100.0, warning=1000, alarm=5000))
    changes = (
        "UPDATE alert_rule SET watch = 50",
        "UPDATE judged_night SET level = 3",
        "UPDATE trap_night SET rain_um = 500",
        "UPDATE catch SET count = count + 1",
        "UPDATE trap SET name = 'Cống Đôi'",
    )
    for change in ("SELECT", *changes):  # the first is the rule's own
        conn.execute(change)
        conn.commit()
        now = told()
        assert now != known, change
        known = now
    assert ask("/traps/st-014/trend", first=last - timedelta(days=3), last=last)["field"] is None


def test_weather_of_a_night_is_in_the_answer(ask, conn):
    a_field(conn)
    last = tonight(conn) - timedelta(days=1)
    store(conn, a_placed_trap(conn, "st-014"), last, [5, 6])
    conn.execute(
        "UPDATE trap_night SET rain_um = 12500, temperature_min_c = 24.5, temperature_max_c = 31 WHERE night = %s",
        (last,),
    )
    conn.commit()
    [one] = ask("/fields/field-7/trend", first=last - timedelta(days=1), last=last)["traps"]
    assert one["rain_mm"] == [None, 12.5]
    assert (one["temperature_min_c"], one["temperature_max_c"]) == ([None, 24.5], [None, 31.0])


def test_season_of_three_traps_is_far_below_100_kilobytes(ask, conn):
    a_field(conn)
    last = tonight(conn) - timedelta(days=1)
    for at in range(3):
        store(conn, a_placed_trap(conn, f"st-{at:03}"), last, flights(200, at))
    told = ask("/fields/field-7/trend", first=last - timedelta(days=179), last=last)
    assert len(json.dumps(told, separators=(",", ":"))) < 60_000


@pytest.mark.parametrize("path", ["/fields/field-7", "/traps/st-014"])
def test_bounds_of_the_span_and_what_is_not_there(ask, conn, path):
    a_field(conn)
    a_placed_trap(conn, "st-014")
    conn.commit()
    night = date(2025, 11, 22)
    ask(f"{path}/trend", first=night, last=night + timedelta(days=400))
    ask(f"{path}/trend", 422, first=night, last=night + timedelta(days=401))
    ask(f"{path}/trend", 422, first=night, last=night - timedelta(days=1))
    ask(f"{path}/trend", 422, first=night, last=night, species="")
    ask(f"{path.replace('7', '9').replace('014', '999')}/trend", 404, first=night, last=night)
    future = ask(f"{path}/trend", first="2098-01-01", last="2098-06-01")
    assert (future["nights"], future["as_of"]) == ([], None)
    ask(f"{path}/normal", 422, year=2099)


def test_field_without_traps_has_an_empty_course(ask, conn):
    a_field(conn)
    conn.commit()
    told = ask("/fields/field-7/trend", first="2025-11-01", last="2025-11-03")
    assert (told["traps"], told["as_of"], told["field"]["value"]) == ([], None, [None] * 3)
    assert ask("/fields/field-7/normal")["standing"] == "none"


# Peaks of an org


def test_peaks_of_an_org_say_what_the_trends_say(ask, conn):
    a_field(conn)
    a_field(conn, "field-8", commune="31500")
    last = tonight(conn) - timedelta(days=1)
    for at in range(5):
        trap_id = a_placed_trap(conn, f"st-{at:03}", "field-8" if at == 4 else "field-7")
        store(conn, trap_id, last, flights(170, 5 * at))
    a_placed_trap(conn, "st-900")
    conn.commit()
    pages = [ask("/peaks", limit=4)]
    pages.append(ask("/peaks", limit=4, after=pages[0]["next"]))
    found = [one for page in pages for one in page["items"]]
    assert [one["trap_id"] for one in found] == [*(f"st-{at:03}" for at in range(5)), "st-900"]
    assert pages[1]["next"] is None
    for one in found[:5]:
        [told] = ask(f"/traps/{one['trap_id']}/trend", first=last - timedelta(days=119), last=last)["traps"]
        outlook = told["outlook"]
        assert (one["state"], one["peak"]) == (outlook["state"], outlook["peaks"][-1])
        assert (one["after"], one["as_of"]) == (outlook["after"], outlook["as_of"])
    assert (found[5]["state"], found[5]["peak"]) == ("no-data", None)
    assert [one["trap_id"] for one in ask("/peaks", commune_code="31500")["items"]] == ["st-004"]


def test_peak_of_each_trap_is_as_of_its_own_last_known_night(ask, conn):
    a_field(conn)
    now = tonight(conn)
    store(conn, a_placed_trap(conn, "st-001"), now, flights(100, 3))
    store(conn, a_placed_trap(conn, "st-002"), now, flights(100, 3), [NOMINAL_S] * 99 + [100])
    first, second = ask("/peaks")["items"]
    assert (first["as_of"], second["as_of"]) == (str(now), str(now - timedelta(days=1)))
    assert first["peak"]["night"] == second["peak"]["night"]


# The normal year


def old_records(conn: pool.Connection, trap_id: str, years: range, nominal_s: int = NOMINAL_S) -> None:
    """Old records of January, 100 insects a night more each year."""
    nights = [
        model.ManualNight(trap_id, trap_id, BPH, date(year, 1, day), 100 * (year - years.start + 1), nominal_s)
        for year in years
        for day in range(1, 31)
    ]
    manual_nights.put_manual_nights(conn, nights, org_id=ORG, source="old.csv")


@pytest.mark.parametrize(("count", "standing"), [(4, "none"), (6, "provisional"), (10, "normal")])
def test_normal_year_is_the_band_of_past_years(ask, conn, count, standing):
    a_field(conn)
    a_placed_trap(conn, "st-014")
    old_records(conn, "st-014", range(2020 - count, 2021))
    conn.commit()
    for path in ("/traps/st-014/normal", "/fields/field-7/normal"):
        told = ask(path, year=2020)
        assert (told["standing"], told["years"]) == (standing, list(range(2020 - count, 2020)))
        assert told["period_first"][:2] == ["2020-01-01", "2020-01-06"]
        assert told["typical"][0] == pytest.approx(100 * (count + 1))
        assert told["typical_before"][0] == pytest.approx(100 * count)
        assert told["band"]["years"][:7] == [count] * 6 + [0]
        history = np.log1p(100 * np.arange(1, count + 1))[:, None]
        same([told["band"][name][0] for name in ("p10", "p30", "p50", "p70", "p90")], normal.band(history)[:, 0])
        # As of 31 December there is nothing in the period; of January this year is the highest there was.
        assert told["now"]["season"] == "unknown"
    told = ask("/traps/st-014/trend", first="2020-01-01", last="2020-01-04")
    assert told["season"]["season"] == ("unknown" if count < 5 else "many")
    assert told["traps"][0]["state"] == ["manual"] * 4
    assert told["traps"][0]["machine_count"] == [None] * 4
    assert (told["band"] is None) == (count < 5)


def test_records_of_other_lamp_hours_are_another_history(ask, conn):
    a_field(conn)
    a_placed_trap(conn, "st-014")
    old_records(conn, "st-014", range(2012, 2020), nominal_s=10_800)
    conn.commit()
    told = ask("/traps/st-014/normal", year=2020)
    assert (told["standing"], told["years"]) == ("none", [])
    assert ask("/traps/st-014/trend", first="2019-01-01", last="2019-12-31")["traps"][0]["left_out"] == 240


def test_weekly_totals_make_a_normal_and_date_no_peak(ask, conn):
    a_field(conn)
    a_placed_trap(conn, "st-014")
    totals = [
        model.ManualNight("st-014", "x", BPH, date(2019, 1, 7) + timedelta(days=7 * week), 700, NOMINAL_S, 7)
        for week in range(40)
    ]
    manual_nights.put_manual_nights(conn, totals, org_id=ORG, source="old.csv")
    conn.commit()
    told = ask("/traps/st-014/normal", year=2019)
    assert told["typical"][:3] == pytest.approx([100] * 3)
    [one] = ask("/traps/st-014/trend", first="2019-01-01", last="2019-06-01")["traps"]
    assert set(one["catch"]) == {None}
    assert one["outlook"]["state"] == "no-data"


def test_soc_trang_has_the_peaks_of_the_handbook(ask, conn):
    names, catch = soctrang.catches()
    a_field(conn)
    row = catch[names.index("Dai_Hai")]
    nights = [
        model.ManualNight("dai-hai", "Đại Hải", BPH, date(2010, 1, 1) + timedelta(days=day), int(count), 10_800)
        for day, count in enumerate(row)
    ]
    a_placed_trap(conn, "dai-hai", nominal_s=10_800)
    manual_nights.put_manual_nights(conn, nights, org_id=ORG, source="x.csv")
    conn.commit()
    [one] = ask("/traps/dai-hai/trend", first="2010-01-01", last="2010-12-31")["traps"]
    days = [date.fromisoformat(peak["night"]).timetuple().tm_yday for peak in one["outlook"]["peaks"]]
    assert days == [31, 64, 88, 114, 142, 160, 185, 200, 215, 234, 263, 291, 324, 352]
    assert one["count"] == row.tolist()


# What it stands on


def test_a_snapshot_is_of_one_moment_and_changes_nothing(conn, database):
    session.begin_snapshot(conn)
    assert conn.execute("SELECT count(*) FROM org").fetchone() == (0,)
    with pool.connect(database) as other:
        other.execute("INSERT INTO org (org_id, name) VALUES ('soc-trang', 'x')")
    assert conn.execute("SELECT count(*) FROM org").fetchone() == (0,)
    with pytest.raises(Exception, match="read-only"):
        conn.execute("DELETE FROM org")
    conn.rollback()
    assert conn.execute("SELECT count(*) FROM org").fetchone() == (1,)
