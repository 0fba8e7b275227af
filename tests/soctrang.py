"""The shared series of Sóc Trăng 2010 and Maruteru, for tests that check a stated number; skipped when not there."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from lighttrap.agronomy.valid import Floats, Nights

SHARED = Path(os.environ.get("LIGHTTRAP_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
SOC_TRANG = SHARED / "soctrang_2010" / "soctrang_2010_long.csv"
MARUTERU = SHARED / "maruteru" / "maruteru_weekly_1994_2005.csv"
YEAR: Nights = np.arange("2010-01-01", "2011-01-01", dtype="datetime64[D]")


def there(path: Path) -> Path:
    """The path, or a skip: these files are not ours to keep in the project."""
    if not path.exists():
        pytest.skip(f"the shared data are not there: {path}")
    return path


def catches() -> tuple[list[str], Floats]:
    """Trap names and brown planthoppers per trap and night of 2010, shape (10, 365); zeros as they stand."""
    with there(SOC_TRANG).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = sorted({row["trap"] for row in rows})
    catch = np.full((len(names), YEAR.size), np.nan)
    for row in rows:
        catch[names.index(row["trap"]), int(row["day_of_year"]) - 1] = float(row["bph_per_night"])
    return names, catch


def weekly(species: str) -> tuple[Nights, Floats]:
    """First night of each standard week and the nightly mean (week total / 7) at Maruteru; NaN where missing."""
    with there(MARUTERU).open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["scientific_name"] == species]
    text = "count_per_week_light_trap"
    nights = [np.datetime64(f"{row['year']}-01-01") + 7 * (int(row["standard_week"]) - 1) for row in rows]
    return np.array(nights, "datetime64[D]"), np.array([float(row[text]) / 7 if row[text] else np.nan for row in rows])
