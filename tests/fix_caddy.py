"""caddy from the shipped Caddyfile, with a certificate of its own authority."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
from pathlib import Path
from typing import Any

import httpx2

from tests.fix_site import DOMAIN
from tests.services import Server, free_port, missing
from tests.waiting import wait_until

CADDYFILE = Path(__file__).parents[1] / "deploy/caddy/Caddyfile"


class Caddy(Server):
    """The proxy, with a certificate of its own authority."""

    def __init__(self, folder: Path, api: str, dashboard: str, **settings: str) -> None:
        binary = shutil.which("caddy")
        if binary is None:
            missing("no caddy found")
        self.folder = folder
        self.port, self.plain_port, self.inside_port = free_port(), free_port(), free_port()
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
            "LIGHTTRAP_DOMAIN": DOMAIN,
            "LIGHTTRAP_TLS": "internal",
            "LIGHTTRAP_HTTP_PORT": str(self.plain_port),
            "LIGHTTRAP_HTTPS_PORT": str(self.port),
            "LIGHTTRAP_API": api.removeprefix("http://"),
            "LIGHTTRAP_DASHBOARD": dashboard.removeprefix("http://"),
            "LIGHTTRAP_PROXY_METRICS_PORT": str(self.inside_port),
            "LIGHTTRAP_PROXY_PAGES": str(CADDYFILE.parent),
            **settings,
        }
        super().__init__(
            [binary, "run", "--config", CADDYFILE, "--adapter", "caddyfile"], folder / "caddy.log", environ
        )

    def start(self) -> None:
        """Starts it and waits until it has its certificate."""
        self.launch(cwd="/")
        wait_until(lambda: not self.is_running or self.has_a_certificate(), within=30)
        assert self.is_running, self.output()

    @property
    def _root(self) -> Path:
        return self.folder / "caddy/pki/authorities/local/root.crt"

    def has_a_certificate(self) -> bool:
        """Whether it shows one that its authority vouches for."""
        if not self._root.exists():
            return False
        try:
            plain = socket.create_connection(("127.0.0.1", self.port), timeout=5)
            self.trust().wrap_socket(plain, server_hostname=DOMAIN).close()
        except OSError:
            return False
        return True

    def trust(self) -> ssl.SSLContext:
        """What trusts its authority, and no other."""
        return ssl.create_default_context(cafile=str(self._root))

    def get(self, path: str, method: str = "GET", **options: Any) -> httpx2.Response:  # noqa: ANN401 - httpx2's
        """Its answer to whoever asks for the site by its name."""
        headers = {"Host": f"{DOMAIN}:{self.port}", **options.pop("headers", {})}
        with httpx2.Client(verify=self.trust(), timeout=20) as client:
            return client.request(
                method, f"https://127.0.0.1:{self.port}{path}", headers=headers, extensions={"sni_hostname": DOMAIN},
                **options,
            )  # fmt: skip
