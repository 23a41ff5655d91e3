"""A service of its own for a run: `unico up` on a free port, its data in a temporary folder."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil
from prometheus_client.parser import text_string_to_metric_families

from app.auth.tokens import issue_token
from app.embedded.home import Home
from app.settings import Settings, load_settings
from bench.starting import free_port, started
from domain.identity.model import Role

START_S = 180.0
MANY_SOCKETS: Mapping[str, Any] = {
    "max_sockets_per_address": 20_000,
    "max_concurrency": 20_000,
}
"""Settings with which thousands of clients may come from one address."""


@dataclass(frozen=True, slots=True)
class Service:
    """The running service and how to speak to it."""

    port: int
    settings: Settings
    process: psutil.Process
    """`unico up`: the server itself with one worker, else the parent of the workers."""
    database_url: str
    redis_url: str

    @property
    def url(self) -> str:
        """Where it is, without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def workers(self) -> list[psutil.Process]:
        """The processes that serve, in no order."""
        children = [each for each in self.process.children() if "spawn_main" in _words(each)]
        return children or [self.process]

    @property
    def postmaster(self) -> psutil.Process:
        """PostgreSQL: the parent of all its processes."""
        found = next(self.settings.home.rglob("postmaster.pid"))
        return psutil.Process(int(found.read_text().splitlines()[0]))

    def token(self, role: Role, **scope: Any) -> str:
        """A token of the development issuer, good for hours."""
        return issue_token(self.settings, subject="bench", role=role, **scope)

    def metric(self, name: str) -> float:
        """What `/metrics` tells of a metric without labels."""
        told = httpx2.get(f"{self.url}/metrics").text
        families = text_string_to_metric_families(told)
        return next(s.value for family in families for s in family.samples if s.name == name)


@contextlib.contextmanager
def service(workers: int = 1, *, redis_url: str = "", **settings: object) -> Generator[Service]:
    """Inside, the service is ready and holds the demo data; it is stopped and removed afterwards.

    `settings` are environment variables without their prefix, in lower case.

    Raises:
        RuntimeError: it did not become ready within 180 seconds.
    """
    with tempfile.TemporaryDirectory(prefix="unico-bench-") as folder:
        home, port = Path(folder), free_port()
        command = [sys.executable, "-m", "app.cli", "up", "--workers", str(workers)]
        environment = _environment(home, port, redis_url, settings)
        log = home / "bench.log"
        with started(
            command, lambda: _is_ready(port), START_S, environment=environment, log=log
        ) as process:
            known = {"home": home, "port": port, "token_ttl_minutes": 600}
            servers = Home(home).await_services(5)
            yield Service(
                port,
                load_settings().model_copy(update=known),
                process,
                servers.database_url,
                servers.redis_url,
            )


def _environment(
    home: Path, port: int, redis_url: str, settings: Mapping[str, object]
) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
    return {
        **inherited,
        **({"REDIS_URL": redis_url} if redis_url else {}),
        "UNICO_HOME": str(home),
        "UNICO_PORT": str(port),
        "UNICO_LOG_LEVEL": "warning",
        "UNICO_TOKEN_TTL_MINUTES": "600",
        **{f"UNICO_{name.upper()}": str(value) for name, value in settings.items()},
    }


def _is_ready(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/ready").status_code == 200
    except httpx2.TransportError:
        return False


def _words(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""
