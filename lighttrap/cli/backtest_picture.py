"""The picture of a backtest: what was announced and what came, trap by trap, beside the score of the baselines.

matplotlib is an extra, so only this module imports it, and only a command that draws imports this module.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from lighttrap.agronomy.backtest import Backtest
from lighttrap.agronomy.forecast import NEVER
from lighttrap.agronomy.forecast_settings import ForecastSettings
from lighttrap.agronomy.peaks import smoothed
from lighttrap.agronomy.valid import Floats, Nights

MOST_TRAPS = 10
LAST_STEPS = 400
"""A longer series shows its last nights: more would be a smear."""
INK, GREY, PALE = "#1f2933", "#8b97a3", "#e4e8ec"
HELD, MISSED, PEAK, OURS = "#2a7f62", "#c8553d", "#b8860b", "#2a7f62"
NAMES = {"forecast": "forecast", "last_interval": "last interval", "calendar_mean": "calendar mean"}


def draw(
    path: Path,
    names: Sequence[str],
    nights: Nights,
    catch: Floats,
    result: Backtest,
    settings: ForecastSettings,
    species: str,
) -> None:
    """Writes the picture as PNG. Traps with most peaks come first when there are more than fit."""
    many = np.bincount(result.peaks.trap[result.peaks.final], minlength=len(names))
    traps = sorted(np.argsort(-many, kind="stable")[:MOST_TRAPS].tolist())
    with mpl.rc_context({"font.family": "DejaVu Sans", "font.size": 8.5, "text.color": INK, "axes.labelcolor": INK}):
        figure = Figure(figsize=(12, 3.6 + 1.05 * len(traps)), dpi=130, facecolor="white")
        FigureCanvasAgg(figure)
        parts = figure.add_gridspec(
            len(traps) + 1, 3, height_ratios=[2.1, *[1.0] * len(traps)], hspace=0.30, wspace=0.34,
            left=0.125, right=0.985, top=1 - 0.75 / figure.get_figheight(), bottom=0.62 / figure.get_figheight(),
        )  # fmt: skip
        _title(figure, names, traps, nights, result, species)
        _bars(figure.add_subplot(parts[0, 0]), result, "mae_days", "Mean error of the point, days", 1.0)
        _bars(figure.add_subplot(parts[0, 1]), result, "hit_rate_80", "Peak in a window of the same width, %", 100.0)
        _truth(figure.add_subplot(parts[0, 2]), result)
        shared: Axes | None = None
        for row, trap in enumerate(traps):
            axes = figure.add_subplot(parts[row + 1, :], sharex=shared)
            shared = shared or axes
            _trap(axes, names[trap], trap, nights, catch, result, settings, last=row == len(traps) - 1)
        _legend(figure)
        figure.savefig(path, format="png")


def _title(
    figure: Figure, names: Sequence[str], traps: Sequence[int], nights: Nights, result: Backtest, species: str
) -> None:
    height = figure.get_figheight()
    late = "" if len(nights) <= LAST_STEPS else f"; the last {LAST_STEPS} drawn"
    shown = "" if len(traps) == len(names) else f", the {len(traps)} with most peaks drawn"
    figure.text(
        0.012, 1 - 0.22 / height, f"Backtest of {species}: what was announced, and what came", size=13, weight="bold"
    )
    figure.text(
        0.012,
        1 - 0.43 / height,
        f"{len(names)} traps{shown}, {nights[0]} to {nights[-1]}{late}; {result.ours.forecasts} forecasts scored, "
        f"{int(result.peaks.final.sum())} final peaks. Every forecast knew only the nights before it.",
        color=GREY,
    )


def _bars(axes: Axes, result: Backtest, figure: str, title: str, scale: float) -> None:
    """Ours and the baselines, side by side."""
    scores = {"forecast": result.ours, **result.baselines}
    values = [scale * float(getattr(score, figure)) for score in scores.values()]
    known = [0.0 if np.isnan(value) else value for value in values]
    axes.barh(range(len(known)), known, color=[OURS, PALE, PALE], height=0.62)
    for place, value in enumerate(values):
        text = "none" if np.isnan(value) else f"{value:.1f}" if scale == 1 else f"{value:.0f} %"
        axes.text(
            known[place] + 0.015 * max(*known, 1e-9), place, text, va="center", weight="bold" if not place else None
        )
    axes.set_yticks(range(len(known)), [NAMES[name] for name in scores])
    axes.set_ylim(len(known) - 0.5, -0.5)
    axes.set_xlim(0, 1.18 * max(*known, 1e-9))
    axes.set_xticks([])
    _bare(axes, title)


def _truth(axes: Axes, result: Backtest) -> None:
    """How far from today the peaks fell, where they were announced: the point against what came."""
    made, came = result.scored.made, result.scored.came
    there = came < NEVER
    held = (came >= made.first) & (came <= made.last)
    said, was = (made.point - made.night)[there], (came - made.night)[there]
    far = float(max(said.max(initial=1), was.max(initial=1))) + 2
    axes.plot([-5, far], [-5, far], color=GREY, lw=0.8)
    for mask, colour in ((held[there], HELD), (~held[there], MISSED)):
        axes.scatter(said[mask], was[mask], s=11, color=colour, alpha=0.65, linewidths=0)
    axes.text(far, -4, "announced, steps ahead", ha="right", va="bottom", color=GREY, size=7.5)
    axes.text(-5, far, "came", ha="left", va="top", color=GREY, size=7.5)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.tick_params(colors=GREY, labelsize=7.5)
    _bare(axes, "Announced and real time to the peak")


def _trap(
    axes: Axes,
    name: str,
    trap: int,
    nights: Nights,
    catch: Floats,
    result: Backtest,
    settings: ForecastSettings,
    *,
    last: bool,
) -> None:
    """The catch, its peaks, and below them the windows that were announced, each on the night it was made."""
    from_step = max(0, len(nights) - LAST_STEPS)
    days = nights.astype("datetime64[D]").astype(np.float64)
    y = np.log10(1 + catch[trap])
    top = max(2.2, float(np.nanmax(y, initial=0)))
    axes.vlines(days, 0, y, color=PALE, lw=1.5)
    axes.plot(days, smoothed(catch[trap : trap + 1], settings.peak)[0], color=INK, lw=0.9)
    _windows(axes, trap, days, top, result)
    peak = result.peaks.night[(result.peaks.trap == trap) & result.peaks.final]
    height = result.peaks.height[(result.peaks.trap == trap) & result.peaks.final]
    axes.scatter(days[peak], height + 0.10 * top, marker="v", s=24, color=PEAK, zorder=4, linewidths=0)
    axes.axhline(0, color=GREY, lw=0.6)
    ticks = [tick for tick in (1, 3, 5) if tick <= top] or [1]
    axes.set_yticks(ticks, [f"{10**tick:,.0f}".replace(",", " ") for tick in ticks])
    axes.set_ylim(-0.78 * top, 1.25 * top)
    axes.set_xlim(days[from_step] - 1, days[-1] + 1)
    axes.set_ylabel(
        "\n".join(textwrap.wrap(name.replace("_", " "), 12)), rotation=0, ha="right", va="center", labelpad=24
    )
    axes.tick_params(colors=GREY, labelsize=7, length=2, labelbottom=last, bottom=last)
    # matplotlib's dates come without types.
    locator = mdates.AutoDateLocator(minticks=6, maxticks=14)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    _bare(axes, "")


def _windows(axes: Axes, trap: int, days: Floats, top: float, result: Backtest) -> None:
    """80 % windows as bars under the catch, the newest lowest of each five; a dot is the point, a tick tonight."""
    made, came = result.scored.made, result.scored.came
    step = days[1] - days[0] if len(days) > 1 else 1.0
    for row, one in enumerate(np.flatnonzero(made.trap == trap)):
        held = made.first[one] <= came[one] <= made.last[one]
        colour = HELD if held else MISSED
        level = -top * (0.12 + 0.13 * (row % 5))
        first, last = (days[0] + step * night for night in (made.first[one], made.last[one]))
        axes.plot([first, last], [level, level], color=colour, lw=2.2, alpha=0.85, solid_capstyle="butt")
        axes.plot(days[0] + step * made.point[one], level, "o", color="white", mec=colour, ms=3, mew=0.9)
        axes.plot(days[made.night[one]], level, "|", color=INK, ms=4.5, mew=0.9)


def _legend(figure: Figure) -> None:
    figure.legend(
        handles=[
            Line2D([], [], color=PALE, lw=3, label="catch, insects a night"),
            Line2D([], [], color=INK, lw=1, label="smoothed"),
            Line2D([], [], color=PEAK, marker="v", lw=0, ms=5, label="final peak"),
            Patch(color=HELD, label="80 % window that held the peak"),
            Patch(color=MISSED, label="that did not"),
            Line2D([], [], color=GREY, marker="o", mfc="white", lw=0, ms=4, label="point"),
            Line2D([], [], color=INK, marker="|", lw=0, ms=6, label="night it was made"),
        ],
        loc="lower left", bbox_to_anchor=(0.005, 0.0), ncols=7, frameon=False, fontsize=8, handlelength=1.5,
    )  # fmt: skip


def _bare(axes: Axes, title: str) -> None:
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(left=False)
    if title:
        axes.set_title(title, loc="left", size=9, weight="bold", pad=6)
