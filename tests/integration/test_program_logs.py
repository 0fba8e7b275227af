"""With LIGHTTRAP_LOG__FORMAT=json every line of every program is an object, those of its libraries too."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping

import pytest

from tests.fix_broker import Broker
from tests.services import free_port
from tests.waiting import wait_until

PASSWORD = "a-password-of-nobody"


def programs(database: str, broker: Broker, port: int) -> Mapping[str, tuple[Mapping[str, str], str]]:
    """Settings of each program, and the page that says that it works."""
    store = {"LIGHTTRAP_DATABASE__DSN": database}
    mqtt = {"LIGHTTRAP_BROKER__URL": broker.url.replace("mqtt://", f"mqtt://somebody:{PASSWORD}@")}
    return {
        "ingest": ({**store, **mqtt, "LIGHTTRAP_INGEST__METRICS_PORT": str(port)}, "/readyz"),
        "lighttrap.notify": ({**store, "LIGHTTRAP_NOTIFY__METRICS_PORT": str(port)}, "/readyz"),
        "lighttrap.monitor": ({**store, **mqtt, "LIGHTTRAP_MONITOR__METRICS_PORT": str(port)}, "/readyz"),
        "api": ({**store, "LIGHTTRAP_API__PORT": str(port)}, "/readyz"),
        "dashboard": (
            {"LIGHTTRAP_DASHBOARD__PORT": str(port), "LIGHTTRAP_DASHBOARD__API_URL": f"http://127.0.0.1:{free_port()}"},
            "/_stcore/health",
        ),
    }


@pytest.mark.parametrize("name", ["ingest", "lighttrap.notify", "lighttrap.monitor", "api", "dashboard"])
def test_every_line_is_an_object_and_none_holds_a_secret(start_program, database: str, broker: Broker, name: str):
    port = free_port()
    settings, page = programs(database, broker, port)[name]
    program = start_program(name, **settings, LIGHTTRAP_LOG__FORMAT="json", LIGHTTRAP_LOG__LEVEL="DEBUG")

    def works() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{page}", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    wait_until(works, within=40)
    program.stop()
    # Streamlit says goodbye on standard output, past every setting.
    lines = [line for line in program.output().splitlines() if line.strip() not in ("", "Stopping...")]
    for line in lines:
        assert {"at", "level", "logger", "message"} <= set(json.loads(line)), line
    assert lines or name == "dashboard"
    assert PASSWORD not in program.output()
