"""`python -m dashboard`: settings, Streamlit's own options, exit codes.

0 told to stop; 2 a setting is wrong.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import uvicorn.config
from streamlit import logger as streamlit_logger
from streamlit.web import bootstrap

from dashboard import palette
from dashboard.config import DashboardSettings, ScreenSettings
from lighttrap import program

APP = Path(__file__).parent / "app.py"


def main() -> int:
    """Serves until a signal; returns the exit code."""
    settings = program.begin(DashboardSettings)
    wanted = options(settings.dashboard)
    bootstrap.load_config_options(wanted)
    _log_as_we_do()
    bootstrap.run(str(APP), is_hello=False, args=[], flag_options=wanted)
    return 0


def _log_as_we_do() -> None:
    """Lets what Streamlit and its server log go where ours does: each of its loggers has a handler of its own."""

    def pass_on(logger: logging.Logger) -> None:
        if own := vars(logger).pop("streamlit_console_handler", None):
            logger.removeHandler(own)
        logger.propagate = True

    streamlit_logger.setup_formatter = pass_on
    streamlit_logger.update_formatter()
    # Else the server that Streamlit starts would give its own loggers handlers of their own again.
    uvicorn.config.LOGGING_CONFIG["loggers"].clear()


def options(screen: ScreenSettings) -> dict[str, Any]:
    """Streamlit's options, under the names of its command line."""
    return {
        "server_address": screen.host,
        "server_port": screen.port,
        "server_baseUrlPath": screen.base_path.strip("/"),
        "server_headless": True,
        "server_fileWatcherType": "none",
        "server_enableStaticServing": True,
        "browser_gatherUsageStats": False,
        # A stack trace is for our log, and the menu of developers for nobody.
        "client_showErrorDetails": "none",
        "client_toolbarMode": "viewer",
        # A text that stands alone in a page's file is a note of ours, and not to be shown.
        "runner_magicEnabled": False,
        # Warnings about our own options would be all that it logs.
        "logger_level": "error",
        "logger_hideWelcomeMessage": True,
        **palette.theme(),
    }


if __name__ == "__main__":
    sys.exit(main())
