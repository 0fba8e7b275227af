"""`python -m api`: settings, the server, exit codes.

0 told to stop; 1 something a restart may mend; 2 a setting is wrong.
"""

from __future__ import annotations

import signal
import sys

import uvicorn
from pydantic import ValidationError

from api.config import ApiSettings
from api.main import create_app
from lighttrap import config, logs


def main() -> int:
    """Serves until a signal; returns the exit code."""
    try:
        settings = ApiSettings()
    except ValidationError as fault:
        print(config.faults(fault), file=sys.stderr)  # noqa: T201 - no log yet
        return 2
    logs.set_up(settings.log.level, settings.log.format)
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings),
            host=settings.api.host,
            port=settings.api.port,
            forwarded_allow_ips=settings.api.trusted_proxies,
            # Our own logging goes on; one line a request is what metrics say better.
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
        )
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn stops by these, and then raises them again: told to stop is no failure.
        signal.signal(number, lambda *_: None)
    server.run()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
