"""`python -m api`: settings, the server, exit codes.

0 told to stop; 1 something a restart may mend; 2 a setting is wrong.
"""

from __future__ import annotations

import sys

from pydantic import ValidationError

from api import processes
from api.config import ApiSettings
from lighttrap import config, logs
from lighttrap.errors import ConfigError


def main() -> int:
    """Serves until a signal; returns the exit code."""
    try:
        settings = ApiSettings()
    except (ValidationError, ConfigError) as fault:
        print(config.faults(fault), file=sys.stderr)  # noqa: T201 - no log yet
        return 2
    logs.set_up(settings.log.level, settings.log.format)
    return 0 if processes.serve(settings) else 1


if __name__ == "__main__":
    sys.exit(main())
