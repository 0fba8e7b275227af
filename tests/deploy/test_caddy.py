"""caddy from the shipped Caddyfile in front of the real API and dashboard."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx2
import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from lighttrap.model import Role
from lighttrap.store import pool
from tests.cluster import Databases
from tests.fix_api import ApiProgram, a_token
from tests.fix_caddy import CADDYFILE, Caddy
from tests.fix_dashboard import DashboardProgram
from tests.fix_site import DOMAIN
from tests.services import free_port, missing
from tests.waiting import wait_until

ORG = "soc-trang"


@dataclass
class Front:
    """The proxy and both programs behind it."""

    caddy: Caddy
    api: ApiProgram
    dashboard: DashboardProgram
    dsn: str


def _open(stack: ExitStack, dsn: str, folder: Path, **settings: str) -> Front:
    api = ApiProgram(dsn, folder / "api.log", LIGHTTRAP_API__DASHBOARD_URL=f"https://{DOMAIN}")
    dashboard = DashboardProgram(
        api.url, folder / "dashboard.log", LIGHTTRAP_DASHBOARD__PUBLIC_API_URL=f"https://{DOMAIN}"
    )  # fmt: skip
    caddy = Caddy(folder, api.url, dashboard.url, **settings)
    for program in (api, dashboard, caddy):
        stack.callback(program.kill)
        program.start()
    for program in (api, dashboard):
        program.wait_until_ready()
    return Front(caddy, api, dashboard, dsn)


@pytest.fixture(scope="module")
def front(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """For all tests that end nothing."""
    dsn = databases.clone()
    with ExitStack() as stack:
        yield _open(stack, dsn, tmp_path_factory.mktemp("front"))
    databases.drop(dsn)


@pytest.fixture
def token(front: Front) -> dict[str, str]:
    """Headers of somebody who may look."""
    with pool.connect(front.dsn) as conn:
        return a_token(conn, ORG, Role.VIEWER)


@pytest.mark.parametrize("tls", ["internal", "phong.ky.thuat@example.org"])
def test_caddy_finds_nothing_wrong_with_the_file(tls: str, tmp_path: Path):
    binary = shutil.which("caddy")
    if binary is None:
        missing("no caddy found")
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LIGHTTRAP_DOMAIN": DOMAIN, "LIGHTTRAP_TLS": tls}
    command = [binary, "validate", "--config", str(CADDYFILE), "--adapter", "caddyfile"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert "Valid configuration" in done.stdout + done.stderr
    assert '"level":"warn"' not in done.stderr


@pytest.mark.parametrize("path", ["/", "/login", "/v1/me", "/f/nobody", "/_stcore/health", "/nowhere"])
def test_answer_is_hardened_whoever_gave_it(front: Front, path: str):
    headers = front.caddy.get(path).headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] in ("DENY", "SAMEORIGIN")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"]
    assert "Server" not in headers


def test_what_the_api_says_of_its_page_stays(front: Front):
    assert (
        front.caddy.get("/login")
        .headers["Content-Security-Policy"]
        .startswith("default-src 'none'; style-src 'sha256-")
    )


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/healthz", "/readyz", "/metrics/", "//metrics", "/%6detrics", "/v1/../metrics", "/v1/%2e%2e/metrics",
     "/_stcore/metrics", "/_stcore//metrics", "/_stcore/%6detrics", "/x/../_stcore/metrics"],
)  # fmt: skip
def test_inside_is_not_shown_outside(front: Front, path: str):
    said = front.caddy.get(path)
    assert not re.search(r"# (TYPE|HELP)|cache_memory|^alive$|^ready$", said.text)
    assert path not in ("/metrics", "/healthz", "/readyz", "/_stcore/metrics") or said.status_code == 404


def test_plain_http_is_sent_to_https(front: Front):
    said = httpx2.get(f"http://127.0.0.1:{front.caddy.plain_port}/login?lang=km", headers={"Host": DOMAIN})
    assert said.status_code == 308
    assert re.fullmatch(rf"https://{DOMAIN}(:\d+)?/login\?lang=km", said.headers["Location"])


@pytest.mark.parametrize("path", ["/", "/login", "/v1/openapi.json"])
def test_pages_are_compressed(front: Front, path: str):
    said = front.caddy.get(path, headers={"Accept-Encoding": "gzip"})
    assert said.status_code == 200
    assert said.headers["Content-Encoding"] == "gzip"


def test_scripts_of_the_dashboard_are_compressed_to_less_than_half(front: Front):
    found = re.search(r'src="\.?(/static/js/index[^"]+)"', front.caddy.get("/").text)
    assert found
    plain = front.caddy.get(found[1], headers={"Accept-Encoding": "identity"})
    small = front.caddy.get(found[1], headers={"Accept-Encoding": "gzip"})
    assert small.headers["Content-Encoding"] == "gzip"
    assert small.num_bytes_downloaded < len(plain.content) / 2


def test_page_of_a_farmer_is_kept_by_nobody(front: Front):
    assert front.caddy.get("/f/nobody").headers["Cache-Control"] == "no-store"


def test_address_that_a_client_makes_up_is_not_believed(front: Front):
    said = front.caddy.get(
        "/login", "POST", data={"login": "lan", "password": "x"},
        headers={"X-Forwarded-For": "203.0.113.7", "Sec-Fetch-Site": "same-origin"},
    )  # fmt: skip
    assert said.status_code == 401
    with pool.connect(front.dsn) as conn:
        sources = {source for (source,) in conn.execute("SELECT source FROM login_try").fetchall()}
    assert any("127.0.0.1" in source for source in sources)
    assert not any("203.0.113.7" in source for source in sources)


def test_body_that_is_too_long_is_refused_before_the_api_reads_it(front: Front):
    assert front.caddy.get("/v1/me", "POST", content=b"x" * 1_100_000).status_code == 413


def test_websocket_of_the_dashboard_passes(front: Front):
    plain = socket.create_connection(("127.0.0.1", front.caddy.port))
    address = f"wss://{DOMAIN}:{front.caddy.port}/_stcore/stream"
    with connect(
        address, sock=plain, ssl=front.caddy.trust(), origin=Origin(f"https://{DOMAIN}:{front.caddy.port}")
    ) as stream:
        assert stream.response is not None
        assert stream.response.status_code == 101


def test_events_come_through_as_they_happen(front: Front, token: dict[str, str]):
    address = f"https://127.0.0.1:{front.caddy.port}/v1/orgs/{ORG}/live"
    headers = {**token, "Host": f"{DOMAIN}:{front.caddy.port}", "Accept-Encoding": "gzip"}
    with (
        httpx2.Client(verify=front.caddy.trust(), timeout=5) as client,
        client.stream("GET", address, headers=headers, extensions={"sni_hostname": DOMAIN}) as answer,
    ):
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert "Content-Encoding" not in answer.headers
        assert "event: resync" in next(answer.iter_text())  # within the time-out, while the stream goes on


def test_metrics_of_the_proxy_are_on_a_port_of_their_own(front: Front):
    # caddy tells how many requests it had once it has had one.
    front.caddy.get("/favicon.svg")
    said = httpx2.get(f"http://127.0.0.1:{front.caddy.inside_port}/metrics")
    assert "caddy_http_requests_total" in said.text
    assert httpx2.get(f"http://127.0.0.1:{front.caddy.inside_port}/healthz").text == "alive"


def test_server_that_is_away_is_a_page_in_two_languages_and_names_no_secret(database: str, tmp_path: Path):
    with ExitStack() as stack:
        front = _open(stack, database, tmp_path, LIGHTTRAP_PROXY_LOG_LEVEL="DEBUG", LIGHTTRAP_PROXY_WAIT="1s")
        front.api.kill()
        secret = "a-farmers-own-token"
        said = front.caddy.get(f"/f/{secret}?next={secret}", headers={"Cookie": f"lighttrap_session={secret}"})
        assert said.status_code == 502
        assert "Trang tạm ngừng" in said.text
        assert "Not available for a moment" in said.text
        assert said.headers["Cache-Control"] == "no-store"
        program = front.caddy.get("/v1/me")
        assert program.status_code == 502
        assert program.json()["status"] == 502
        front.dashboard.kill()
        assert front.caddy.get("/").status_code == 502
        front.caddy.send(signal.SIGTERM)
        assert front.caddy.process is not None
        front.caddy.process.wait(20)
        assert "connection refused" in front.caddy.output()  # of that request something was written at all
        assert secret not in front.caddy.output()


class _Late(BaseHTTPRequestHandler):
    """Somebody who was away."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"back")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def _serve_one(port: int) -> None:
    with HTTPServer(("127.0.0.1", port), _Late) as server:
        server.timeout = 10
        server.handle_request()


def test_restart_behind_it_is_a_wait_and_no_error(tmp_path: Path):
    port = free_port()
    caddy = Caddy(tmp_path, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port}")
    caddy.launch(cwd="/")
    try:
        wait_until(lambda: not caddy.is_running or caddy.has_a_certificate(), within=30)
        later = threading.Timer(1, _serve_one, (port,))
        later.start()
        assert caddy.get("/login").text == "back"
        later.join()
    finally:
        caddy.kill()
