"""`lighttrap backtest`: how early and how well peaks and forecasts would have come on past nights."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from lighttrap import nightfile
from lighttrap.agronomy import backtest as testing
from lighttrap.agronomy import forecast_settings
from lighttrap.agronomy.backtest import Backtest, Score
from lighttrap.agronomy.forecast_settings import ForecastSettings
from lighttrap.agronomy.valid import Floats, Nights
from lighttrap.errors import ConfigError, InputFault

LARGEST = 40_000_000
"""Trap-nights on the complete axis; more is a typing error in a date."""


class Step(StrEnum):
    """What a row of the file counts."""

    NIGHT = "night"
    WEEK = "week"
    """The total of a week, dated by its first night; divided by 7."""


@dataclass(frozen=True, slots=True)
class Series:
    """Catches of one species on a complete axis, shape (traps, nights), NaN where nothing was read."""

    names: Sequence[str]
    nights: Nights
    catch: Floats
    left_out: Sequence[nightfile.LeftOut] = ()


def backtest(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX with a line a trap and night.")],
    trap_column: Annotated[str, typer.Option(help="Column that names the trap.")],
    night_column: Annotated[str, typer.Option(help="Column with the date of the evening.")],
    count: Annotated[list[str], typer.Option(help="SPECIES=COLUMN, insects per night; one species.")],
    dates: Annotated[nightfile.Dates, typer.Option(help="How the file writes dates.")] = nightfile.Dates.ISO,
    sheet: Annotated[str | None, typer.Option(help="Sheet of an XLSX that has several.")] = None,
    step: Annotated[Step, typer.Option(help="Whether a row is of a night or the total of a week.")] = Step.NIGHT,
    week_column: Annotated[
        str | None, typer.Option(help="Column with the standard week, 1-52; the night column then holds the year.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="COLUMN=VALUE, take only these rows.")] = None,
    floor: Annotated[
        float | None, typer.Option(min=0, help="Least catch of a peak, insects per night; left out: by species.")
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw a picture into this PNG.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Walks forward through past nights, knowing nothing of the next, and scores what would have been said.

    Peaks are those of the whole series. Each forecast is measured against two baselines that speak on the same nights,
    of the same peaks, with windows of the same width. What each figure means stands in docs/forecast.md.
    """
    columns = nightfile.count_columns(count)
    if len(columns) != 1:
        raise ConfigError("a backtest is of one species: give --count once")
    if week_column and step is not Step.WEEK:
        raise ConfigError("--week-column needs --step week")
    species = next(iter(columns))
    found = nightfile.read_nights(
        file, trap_column, night_column, columns, dates, sheet, week_column, _only(only or [])
    )
    series = series_of(found, species, step)
    settings = forecast_settings.for_species(species, weekly=step is Step.WEEK, floor=floor)
    result = testing.run(series.catch, settings)
    if picture is not None:
        _draw(picture, series, result, settings, species)
    if as_json:
        typer.echo(json.dumps(_finite(summary(series, result, settings, species, step)), ensure_ascii=False))
    else:
        _print(series, result, settings, species, step)


def series_of(found: nightfile.NightFile, species: str, step: Step) -> Series:
    """The catches of a file on a complete axis of nights or weeks.

    Raises InputFault when a trap has two rows for one night or week, when no row could be read, or when the axis
    would be of centuries.
    """
    # A value that could not be read names its column; a row that came twice is left out as a whole.
    twice = next((one for one in found.left_out if one.trap and not one.column), None)
    if twice is not None:
        raise InputFault(f"line {twice.line}, trap {twice.trap}, {twice.night}: {twice.why}; keep one of the two")
    if not found.nights:
        why = f"; line {found.left_out[0].line}: {found.left_out[0].why}" if found.left_out else ""
        raise InputFault(f"no night could be read{why}")
    days = 7 if step is Step.WEEK else 1
    traps = sorted({one.trap_id for one in found.nights})
    row = {trap: place for place, trap in enumerate(traps)}
    first, last = min(one.night for one in found.nights), max(one.night for one in found.nights)
    width = _place(last, first, days) + 1
    if width * len(traps) > LARGEST:
        raise InputFault(f"the nights run from {first} to {last}; check the dates")
    catch = np.full((len(traps), width), np.nan)
    for one in found.nights:
        at = row[one.trap_id], _place(one.night, first, days)
        if not np.isnan(catch[at]):
            raise InputFault(f"line {one.line}, trap {one.trap_id}, {one.night}: a second total for one week")
        catch[at] = one.counts[species] / days
    nights = np.datetime64(first, "D") + days * np.arange(width).astype("timedelta64[D]")
    return Series([found.names[trap] for trap in traps], nights, catch, found.left_out)


def summary(
    series: Series, result: Backtest, settings: ForecastSettings, species: str, step: Step
) -> dict[str, Any]:  # Any: what JSON can hold
    """The backtest as one JSON object; NaN where there is no figure."""
    shared = {"peaks": int(result.peaks.final.sum()), "days_to_confirm": result.days_to_confirm}
    by_trap = testing.by_trap(result.scored, settings, len(series.names), result.trap_years)
    by_occasion = testing.by_occasion(result.scored, settings, result.trap_years)
    return {
        "species": species,
        "step": step.value,
        "traps": len(series.names),
        "steps": series.catch.shape[1],
        "first_night": str(series.nights[0]),
        "last_night": str(series.nights[-1]),
        "trap_years": result.trap_years,
        "left_out": len(series.left_out),
        "peak_floor": settings.peak.floor,
        **shared,
        **asdict(result.ours),
        "announced": result.announced,
        "lead_days": result.lead_days,
        "no_forecast": testing.refusals(result.looks),
        "baselines": {name: {**shared, **asdict(score)} for name, score in result.baselines.items()},
        "by_occasion": {name: _with(ours, others) for name, (ours, others) in by_occasion.items()},
        "by_trap": {
            name: {"peaks": len(_final(result, trap)), **_with(*by_trap[trap])}
            for trap, name in enumerate(series.names)
        },
        "peak_nights": {
            name: [str(series.nights[night]) for night in _final(result, trap)]
            for trap, name in enumerate(series.names)
        },
    }


def _with(ours: Score, others: dict[str, Score]) -> dict[str, Any]:  # Any: what JSON can hold
    return {**asdict(ours), "baselines": {name: asdict(score) for name, score in others.items()}}


def _final(result: Backtest, trap: int) -> list[int]:
    mine: list[int] = result.peaks.night[(result.peaks.trap == trap) & result.peaks.final].tolist()
    return mine


def _finite(value: Any) -> Any:  # noqa: ANN401 - what JSON can hold
    """The same with null for NaN, which JSON does not have."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _only(pairs: list[str]) -> dict[str, str]:
    chosen = {}
    for pair in pairs:
        column, equals, value = pair.partition("=")
        if not equals or not column:
            raise ConfigError(f"--only {pair}: give COLUMN=VALUE")
        chosen[column] = value
    return chosen


def _place(night: date, first: date, days: int) -> int:
    """Place on the axis; a week of eight days at the end of a year shifts nothing by more than half a step."""
    return round((night - first).days / days)


def _draw(picture: Path, series: Series, result: Backtest, settings: ForecastSettings, species: str) -> None:
    try:
        from lighttrap.cli import backtest_picture
    except ModuleNotFoundError as fault:
        raise ConfigError("--picture needs matplotlib: pip install 'lighttrap[picture]'") from fault
    try:
        backtest_picture.draw(picture, series.names, series.nights, series.catch, result, settings, species)
    except OSError as fault:
        raise InputFault(f"{picture} cannot be written: {fault.strerror or fault}") from fault


Cell = Callable[[Score], str]
FIGURES: tuple[tuple[str, Cell], ...] = (
    ("n", lambda score: str(score.forecasts)),
    ("no\npeak", lambda score: str(score.without_peak)),
    ("error\ndays", lambda score: _number(score.mae_days)),
    ("hit\nweek", lambda score: _percent(score.hit_rate)),
    ("same\nwidth", lambda score: _percent(score.hit_rate_80)),
    ("80 %\nholds", lambda score: _percent(score.coverage_80)),
    ("80 %\ndays", lambda score: _number(score.window_80_days)),
    ("false\na year", lambda score: _number(score.false_alarms_per_trap_year)),
)
"""Columns of the table: what they are called, and their cell from a Score."""
LEGEND = """\
n: forecasts scored; no peak: of those, none came within {horizon} days (a miss everywhere). error days: mean distance
of the point from the peak. hit week: the peak fell in the {week} days called likeliest. same width: hit, in a window as
wide as the forecast's 80 % window. 80 % holds, 80 % days: how often each one's own 80 % window held the peak, and how
wide it was. false a year: windows in a row that held no peak, per trap and year.
"""


def _print(series: Series, result: Backtest, settings: ForecastSettings, species: str, step: Step) -> None:
    console = Console()
    traps, final = len(series.names), int(result.peaks.final.sum())
    lines = [
        f"{species}: {traps} trap{'s' if traps != 1 else ''}, {series.catch.shape[1]} {step}s from "
        f"{series.nights[0]} to {series.nights[-1]}, {result.trap_years:.1f} trap-years scored.",
        f"{final} final peaks (floor {settings.peak.floor:g} insects/trap/night), first spoken of "
        f"{_number(result.days_to_confirm)} days after the peak (median).",
    ]
    if series.left_out:
        one = series.left_out[0]
        lines.append(
            f"{len(series.left_out)} values were not taken and are unknown; the first, line {one.line}: {one.why}."
        )
    if result.ours.forecasts:
        lines.append(
            f"{_percent(result.announced)} of them lay in an 80 % window given before they came, "
            f"{_number(result.lead_days)} days ahead (median)."
        )
    none = testing.refusals(result.looks)
    given = int((result.looks.answer == 0).sum())
    why = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in none.items() if number)
    lines.append(f"{len(result.looks.trap)} looks: {given} forecasts; no forecast {sum(none.values())} ({why or '-'}).")
    console.print("\n".join(lines), highlight=False, soft_wrap=True)
    if not result.ours.forecasts:
        need = settings.first_days + settings.horizon_days + settings.peak.radius * settings.scales.step_days
        console.print(f"No forecast could be scored: it takes more than {need} days, and a peak that is likely.")
        return
    console.print(_table(series, result, settings))
    legend = LEGEND.format(horizon=settings.horizon_days, week=result.ours.window_days)
    console.print(" ".join(legend.split()), highlight=False)


def _table(series: Series, result: Backtest, settings: ForecastSettings) -> Table:
    """All forecasts beside the baselines, then ours by occasion and by trap."""
    table = Table(box=box.SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    table.add_column("", no_wrap=True, max_width=20)
    for name, _ in FIGURES:
        table.add_column(name, justify="right", no_wrap=True)
    everything = {"forecast": result.ours, **result.baselines}
    occasions = testing.by_occasion(result.scored, settings, result.trap_years)
    traps = testing.by_trap(result.scored, settings, len(series.names), result.trap_years)
    for rows in (
        {name.replace("_", " "): score for name, score in everything.items()},
        {_OCCASIONS[name]: ours for name, (ours, _) in occasions.items() if ours.forecasts},
        {name: traps[trap][0] for trap, name in enumerate(series.names) if traps[trap][0].forecasts},
    ):
        for name, score in rows.items():
            table.add_row(name, *(cell(score) for _, cell in FIGURES))
        table.add_section()
    return table


_OCCASIONS = {"confirmed": "made at a peak", "rising": "made when rising", "weekly": "made weekly"}


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1f}"


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{100 * share:.0f} %"
