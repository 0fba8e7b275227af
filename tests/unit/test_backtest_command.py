from __future__ import annotations

import json
import math
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from lighttrap.cli import main
from lighttrap.errors import ConfigError, InputFault
from tests import soctrang

COUNT = "nilaparvata-lugens=bph"
COLUMNS = ["--trap-column", "trap", "--night-column", "night", "--count", COUNT]
FIGURES = {
    "peaks": int,
    "hit_rate": float,
    "mae_days": float,
    "false_alarms_per_trap_year": float,
    "coverage_80": float,
    "window_days": int,
    "days_to_confirm": float,
}


def flights(nights: int = 300, traps: int = 3, step: int = 1) -> str:
    """A CSV of traps with a flight about every 25 nights."""
    rng = np.random.default_rng(4)
    lines = ["trap,night,bph"]
    for trap in range(traps):
        peaks = np.cumsum(rng.normal(25, 3, nights * step // 20))
        for row in range(nights):
            day = row * step
            level = max(0.4, float((2.7 * np.exp(-0.5 * ((day - peaks) / 4) ** 2)).max())) + rng.normal(0, 0.3)
            lines.append(f"trap-{trap},{date(2020, 1, 1) + timedelta(days=day)},{max(0, round(10**level * step - 1))}")
    return "\n".join(lines) + "\n"


def run(*arguments: str) -> Any:  # noqa: ANN401 - whatever the command printed, as JSON
    result = CliRunner().invoke(main.cli, ["backtest", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def written(folder: Path, text: str) -> str:
    path = folder / "nights.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_json_is_one_object_with_the_same_figures_for_each_baseline(tmp_path: Path):
    told = run(written(tmp_path, flights()), *COLUMNS, "--json")
    assert set(told["baselines"]) == {"last_interval", "calendar_mean"}
    for figures in (told, *told["baselines"].values()):
        for key, kind in FIGURES.items():
            assert isinstance(figures[key], kind), key
        assert 0 <= figures["hit_rate"] <= 1
        assert 0 <= figures["coverage_80"] <= 1
        assert figures["window_days"] == 7
        assert figures["forecasts"] == told["forecasts"] > 10
        assert figures["peaks"] == sum(len(nights) for nights in told["peak_nights"].values())
    assert set(told["by_trap"]) == {"trap-0", "trap-1", "trap-2"}
    assert told["steps"] == 300


def test_what_has_no_figure_is_null(tmp_path: Path):
    told = run(written(tmp_path, flights(40)), *COLUMNS, "--json")
    assert told["hit_rate"] is None
    assert told["forecasts"] == 0


def test_a_table_is_printed_for_people(tmp_path: Path):
    result = CliRunner().invoke(main.cli, ["backtest", written(tmp_path, flights()), *COLUMNS], env={"COLUMNS": "80"})
    assert result.exit_code == 0
    for word in ("forecast", "last interval", "calendar mean", "made when rising", "trap-2", "80 % holds"):
        assert word in result.output
    assert "…" not in result.output
    assert max(len(line) for line in result.output.splitlines()[5:]) <= 80


def test_a_short_file_says_what_it_takes(tmp_path: Path):
    result = CliRunner().invoke(main.cli, ["backtest", written(tmp_path, flights(30)), *COLUMNS])
    assert "No forecast could be scored: it takes more than 80 days" in result.output


def test_a_picture_is_drawn(tmp_path: Path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "backtest.png"
    run(written(tmp_path, flights()), *COLUMNS, "--json", "--picture", str(picture))
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 50_000


@pytest.mark.parametrize("text", [flights(30), "trap,night,bph\none,2020-01-01,5\n", flights(120).replace(",5", ",0")])
def test_a_picture_of_little_is_drawn_too(tmp_path: Path, text: str):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "backtest.png"
    run(written(tmp_path, text), *COLUMNS, "--json", "--picture", str(picture))
    assert picture.stat().st_size > 5_000


def test_without_matplotlib_a_picture_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "lighttrap.cli.backtest_picture", raising=False)
    monkeypatch.delattr("lighttrap.cli.backtest_picture", raising=False)
    with pytest.raises(ConfigError, match="picture"):
        run(written(tmp_path, flights(30)), *COLUMNS, "--picture", str(tmp_path / "x.png"))


def test_weekly_totals_are_divided_by_seven(tmp_path: Path):
    told = run(written(tmp_path, flights(200, step=7)), *COLUMNS, "--step", "week", "--json")
    assert (told["step"], told["steps"], told["window_days"]) == ("week", 200, 7)
    assert told["peaks"] > 5


def test_weeks_may_stand_as_year_and_week(tmp_path: Path):
    lines = ["insect,year,week,bph"]
    for year in (2001, 2002, 2003):
        lines += [f"{name},{year},{week},{week * 10}" for name in ("bph", "other") for week in range(1, 53)]
    path = written(tmp_path, "\n".join(lines))
    told = run(
        path, "--trap-column", "insect", "--night-column", "year", "--week-column", "week", "--count", COUNT,
        "--step", "week", "--only", "insect=bph", "--json",
    )  # fmt: skip
    assert (told["traps"], told["first_night"], told["steps"]) == (1, "2001-01-01", 156)


def test_a_night_that_comes_twice_is_refused_with_its_line(tmp_path: Path):
    path = written(tmp_path, "trap,night,bph\none,2020-01-01,5\none,2020-01-02,6\none,2020-01-01,5\n")
    with pytest.raises(InputFault, match=r"line 4, trap one, 2020-01-01: .*line 2"):
        run(path, *COLUMNS)


def test_unread_nights_are_unknown_and_not_zero(tmp_path: Path):
    text = "trap,night,bph\none,2020-01-01,5\none,2020-01-02,NA\none,2020-01-03,0\n" + "one,2020-01-05,1\n"
    told = run(written(tmp_path, text), *COLUMNS, "--json")
    assert (told["steps"], told["peaks"], told["left_out"]) == (5, 0, 1)
    table = CliRunner().invoke(main.cli, ["backtest", written(tmp_path, text), *COLUMNS])
    assert "1 values were not taken and are unknown; the first, line 3: not read." in table.output


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--count", "sogatella-furcifera=bph"], ConfigError),
        (["--week-column", "night"], ConfigError),
        (["--only", "trap"], ConfigError),
        (["--only", "trap=nobody"], InputFault),
    ],
)
def test_what_cannot_be_done_is_refused(tmp_path: Path, arguments: list[str], fault: type[Exception]):
    with pytest.raises(fault):
        run(written(tmp_path, flights(30)), *COLUMNS, *arguments)


def test_soc_trang_by_the_command_line():
    path = soctrang.there(soctrang.SOC_TRANG)
    told = run(
        str(path), "--trap-column", "trap", "--night-column", "date",
        "--count", "nilaparvata-lugens=bph_per_night", "--json",
    )  # fmt: skip
    assert told["peaks"] == 65
    assert told["peak_nights"]["Long_Phu"] == ["2010-07-21", "2010-08-15"]
    for other in told["baselines"].values():
        assert told["mae_days"] < other["mae_days"]
        assert told["hit_rate"] > other["hit_rate"]
    assert math.isclose(told["days_to_confirm"], 4)
