"""`python -m api`: settings, the server, exit codes.

0 told to stop; 1 something a restart may mend; 2 a setting is wrong.
"""

from __future__ import annotations

import sys

from api import processes
from api.config import ApiSettings
from lighttrap import program


def main() -> int:
    """Serves until a signal; returns the exit code."""
    settings = program.begin(ApiSettings)
    return 0 if processes.serve(settings) else 1


if __name__ == "__main__":
    sys.exit(main())
