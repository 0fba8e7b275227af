"""`python -m tests.chaos.start`: the real ingest with a broken part, or with a place at which it dies.

CHAOS_WORKER names the worker, CHAOS_POINT the place and CHAOS_AT how often it is passed before.
"""

from __future__ import annotations

import os
import sys

from ingest import __main__ as program
from tests.chaos import points, workers


def main() -> int:
    """Breaks what the environment names, then runs ingest; returns its exit code."""
    workers.sabotage(os.environ.get("CHAOS_WORKER", workers.OURS))
    if point := os.environ.get("CHAOS_POINT"):
        points.arm(point, int(os.environ["CHAOS_AT"]))
    return program.main()


if __name__ == "__main__":
    sys.exit(main())
