"""PostgreSQL and Valkey that Unico brings along, started only where no URL is set (ADR 0007)."""

import contextlib
import threading
from collections.abc import Generator
from dataclasses import asdict

import structlog

from app.embedded.errors import EmbeddedServerError, HomeInUse
from app.embedded.home import Home, Services
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.valkey import EmbeddedValkey
from app.settings import Settings

__all__ = [
    "EmbeddedPostgres",
    "EmbeddedServerError",
    "EmbeddedValkey",
    "HomeInUse",
    "Services",
    "embedded_services",
    "resolved",
]

_ATTACH_S = 60.0
_WATCH_S = 0.5


@contextlib.contextmanager
def embedded_services(settings: Settings, *, exclusive: bool = False) -> Generator[Services]:
    """The servers to use: the configured ones, and embedded ones for what is not configured.

    When another process runs embedded servers in the same home, its servers are used, unless
    `exclusive`. Servers started here are restarted when they die, and stopped at the end.

    Raises:
        HomeInUse: `exclusive`, and another process owns the home folder.
        EmbeddedServerError: a server does not start.
    """
    if settings.database_url and settings.redis_url:
        yield Services(settings.database_url, settings.redis_url)
        return
    home = Home(settings.home)
    try:
        home.claim()
    except HomeInUse:
        if exclusive:
            raise
        yield _configured_first(settings, home.await_services(_ATTACH_S))
        return
    with contextlib.ExitStack() as stack:
        stack.callback(home.release)
        services = _start(settings, home, stack)
        home.publish(services)
        yield services


@contextlib.contextmanager
def resolved(settings: Settings, *, exclusive: bool = False) -> Generator[Settings]:
    """The same settings with the addresses of the servers in them; see `embedded_services`."""
    with embedded_services(settings, exclusive=exclusive) as services:
        yield settings.model_copy(update=asdict(services))


def _configured_first(settings: Settings, found: Services) -> Services:
    return Services(
        settings.database_url or found.database_url, settings.redis_url or found.redis_url
    )


def _start(settings: Settings, home: Home, stack: contextlib.ExitStack) -> Services:
    database_url, redis_url = settings.database_url, settings.redis_url
    servers: list[EmbeddedPostgres | EmbeddedValkey] = []
    if not database_url:
        postgres = EmbeddedPostgres(home.folder / "postgres", binaries=settings.pg_bin)
        stack.callback(postgres.stop)
        database_url = postgres.start()
        servers.append(postgres)
    if not redis_url:
        valkey = EmbeddedValkey(home.folder / "valkey", binary=settings.valkey_bin)
        stack.callback(valkey.stop)
        redis_url = valkey.start()
        servers.append(valkey)
    stack.enter_context(_watched(servers))
    return Services(database_url, redis_url)


@contextlib.contextmanager
def _watched(servers: list[EmbeddedPostgres | EmbeddedValkey]) -> Generator[None]:
    """While inside, a server that dies is started again on its port."""
    done = threading.Event()
    log = structlog.get_logger("unico.embedded")

    def watch() -> None:
        while not done.wait(_WATCH_S):
            for server in servers:
                if server.is_running:
                    continue
                name = type(server).__name__
                log.error("embedded server died, starting it again", server=name)
                try:
                    server.start()
                except EmbeddedServerError as error:
                    log.error("embedded server does not start", server=name, reason=str(error))

    watcher = threading.Thread(target=watch, name="embedded-servers", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
