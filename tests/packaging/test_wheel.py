"""An editable install hides what is missing from the wheel; so it is built and installed elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = "lighttrap, ingest, api, dashboard, simulator"
CACHE = re.compile(r"__pycache__|/\.\w+_cache/")

pytestmark = pytest.mark.slow


def _run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder)]
    _run(sys.executable, "-m", "pip", "wheel", *options, ROOT, cwd=folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel: Path) -> Path:
    """The Python of an environment that holds nothing but the wheel."""
    bare = wheel.parent / "bare"
    _run(sys.executable, "-m", "venv", "--without-pip", bare, cwd=wheel.parent)
    options = ["--quiet", "--no-deps", "--no-index"]
    _run(sys.executable, "-m", "pip", "--python", bare / "bin/python", "install", *options, wheel, cwd=wheel.parent)
    return bare / "bin/python"


def test_all_five_packages_are_in_the_wheel(python: Path, tmp_path: Path):
    where = _run(python, "-c", f"import {PACKAGES}; print(simulator.__file__)", cwd=tmp_path)
    assert "bare" in where


def test_sql_is_in_the_wheel(python: Path, tmp_path: Path):
    code = "from lighttrap import sql; print(len(sql.load('readings')))"
    assert int(_run(python, "-c", code, cwd=tmp_path)) > 0


def test_every_file_of_the_packages_is_in_the_wheel(wheel: Path):
    found = (path for package in PACKAGES.split(", ") for path in (ROOT / package).rglob("*") if path.is_file())
    ours = {str(path.relative_to(ROOT)) for path in found if not CACHE.search(str(path.relative_to(ROOT)))}
    assert ours <= set(zipfile.ZipFile(wheel).namelist())


def test_tests_and_benches_are_not_in_the_wheel(wheel: Path):
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES.split(", "))
