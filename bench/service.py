"""A service of its own for a run: `unico up` on a free port, its data in a temporary folder."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil

from app.auth.tokens import issue_token
from app.embedded.home import Home
from app.settings import Settings, load_settings
from domain.identity.model import Role

START_S = 180.0
STOP_S = 30.0


@dataclass(frozen=True, slots=True)
class Service:
    """The running service and how to speak to it."""

    url: str
    settings: Settings
    process: psutil.Process
    """`unico up`: the server itself with one worker, else the parent of the workers."""
    database_url: str
    redis_url: str

    @property
    def socket_url(self) -> str:
        """Where GraphQL is spoken over WebSockets."""
        return self.url.replace("http", "ws", 1) + "/graphql"

    @property
    def port(self) -> int:
        """The port of the loopback interface."""
        return int(self.url.rpartition(":")[2])

    @property
    def workers(self) -> list[psutil.Process]:
        """The processes that serve, in no order."""
        children = [each for each in self.process.children() if "spawn_main" in _words(each)]
        return children or [self.process]

    def token(self, role: Role, **scope: Any) -> str:
        """A token of the development issuer, good for hours."""
        return issue_token(self.settings, subject="bench", role=role, **scope)


@contextlib.contextmanager
def service(workers: int = 1, *, redis_url: str = "", **settings: object) -> Generator[Service]:
    """Inside, the service is ready and holds the demo data; it is stopped and removed afterwards.

    `settings` are environment variables without their prefix, in lower case.

    Raises:
        RuntimeError: it did not become ready within 180 seconds.
    """
    with tempfile.TemporaryDirectory(prefix="unico-bench-") as home:
        port = free_port()
        environment = {
            **{k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")},
            **({"REDIS_URL": redis_url} if redis_url else {}),
            "UNICO_HOME": home,
            "UNICO_PORT": str(port),
            "UNICO_LOG_LEVEL": "warning",
            "UNICO_TOKEN_TTL_MINUTES": "600",
            **{f"UNICO_{name.upper()}": str(value) for name, value in settings.items()},
        }
        command = [sys.executable, "-m", "app.cli", "up", "--workers", str(workers)]
        with open(Path(home) / "bench.log", "wb") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            _until_ready(url, process)
            known = load_settings().model_copy(
                update={"home": Path(home), "port": port, "token_ttl_minutes": 600}
            )
            servers = Home(Path(home)).await_services(5)
            yield Service(
                url, known, psutil.Process(process.pid), servers.database_url, servers.redis_url
            )
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _words(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def free_port() -> int:
    """A port of the loopback interface that nobody uses now."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(httpx2.TransportError):
            if httpx2.get(f"{url}/ready").status_code == 200:
                return
        time.sleep(0.1)
    raise RuntimeError(f"the service did not become ready (exit code {process.poll()})")
