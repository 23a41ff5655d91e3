"""Serving HTTP and WebSockets: one process, or several that share one listening socket."""

import asyncio
import importlib
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event
from types import FrameType
from typing import NoReturn, cast

import structlog
import uvicorn
from prometheus_client.multiprocess import mark_process_dead
from starlette.applications import Starlette

from app.lifecycle import Lifecycle
from app.live.protocol import SocketProtocol
from app.logging import configure
from app.metrics import MULTIPROCESS_FOLDER
from app.settings import Settings
from app.tracing import set_up_tracing

APPLICATION = "app.main:create_app"

# A peer that stops reading is gone after this time; pings do not notice it.
_TCP_USER_TIMEOUT_MS = 30_000
_BACKLOG = 2_048
_LONGEST_PAUSE_S = 10.0
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

log = structlog.get_logger("unico.server")


class ServerError(RuntimeError):
    """The server cannot start; the message says what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        ServerError: the address is taken or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _TCP_USER_TIMEOUT_MS)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ServerError(
            f"Cannot listen on {host}:{port} ({error.strerror}): "
            "stop the other program, or choose another port with --port."
        ) from error
    listener.setblocking(False)
    return listener


def serve(settings: Settings, listener: socket.socket, application: str = APPLICATION) -> None:
    """Serve until SIGTERM or SIGINT, then finish what runs.

    `application` names a function from `Settings` to a Starlette app that keeps its `Lifecycle` at
    `app.state.lifecycle`.

    Raises:
        ServerError: no worker ever came up.
    """
    if settings.workers == 1:
        _Server(settings, application).run(sockets=[listener])
    else:
        _Workers(settings, listener, application).run()


def _create(settings: Settings, application: str) -> Starlette:
    module, _, name = application.partition(":")
    create = cast(Callable[[Settings], Starlette], getattr(importlib.import_module(module), name))
    return create(settings)


class _Server(uvicorn.Server):
    """One worker's server: readiness goes red before anything closes."""

    def __init__(
        self, settings: Settings, application: str, on_start: Callable[[], None] = lambda: None
    ) -> None:
        app = _create(settings, application)
        self._on_start = on_start
        self._drain_s = settings.drain_s
        self._lifecycle = cast(Lifecycle, app.state.lifecycle)
        super().__init__(
            uvicorn.Config(
                set_up_tracing(settings)(app),
                loop="uvloop",
                http="httptools",
                ws=SocketProtocol,
                ws_max_size=settings.ws_max_bytes,
                ws_ping_interval=20,
                ws_ping_timeout=20,
                ws_per_message_deflate=False,
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                limit_concurrency=settings.max_concurrency,
                backlog=_BACKLOG,
                timeout_keep_alive=5,
                timeout_graceful_shutdown=settings.shutdown_timeout_s,
                forwarded_allow_ips=settings.forwarded_allow_ips,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Serving; in a child process also: watching that the parent lives."""
        await super().startup(sockets)
        self._lifecycle.serve()
        self._on_start()
        if parent := multiprocessing.parent_process():
            asyncio.get_running_loop().add_reader(parent.sentinel, self._stop)

    def _stop(self) -> None:
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Red readiness, a pause for balancers, sockets closed one by one, then the rest."""
        log.info("shutting down")
        self._lifecycle.drain()
        await self._pause(self._drain_s)
        for server in self.servers:
            server.close()
        await self._close_sockets()
        self._lifecycle.close()
        await super().shutdown(sockets)

    async def _close_sockets(self) -> None:
        """Close code 1012 for each, spread over the drain time so that clients do not stampede."""
        found = list(self.server_state.connections)
        open_sockets = [each for each in found if isinstance(each, SocketProtocol)]
        for each in open_sockets:
            each.shutdown()
            await self._pause(self._drain_s / len(open_sockets))

    async def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        # uvicorn keeps `force_exit` (a second Ctrl-C) as a flag, not as an event.
        while not self.force_exit and (left := end - time.monotonic()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(left, 0.1))


def leave(number: int, _: FrameType | None) -> NoReturn:
    """A signal handler: end this process through every `finally` and exit handler."""
    sys.exit(128 + number)


def _work(
    settings: Settings, listener: socket.socket, application: str, has_started: Event
) -> None:
    """A worker process."""
    # Ctrl-C in the terminal reaches the parent only, which tells the workers.
    os.setsid()
    # After a graceful end uvicorn repeats the signal: leave in a way that runs exit handlers.
    signal.signal(signal.SIGTERM, leave)
    configure(settings)
    with structlog.contextvars.bound_contextvars(worker=os.getpid()):
        _Server(settings, application, has_started.set).run(sockets=[listener])


@dataclass(frozen=True, slots=True)
class _Worker:
    """A worker process."""

    process: SpawnProcess
    has_started: Event

    @property
    def failed_to_start(self) -> bool:
        """Whether it gave up by itself before it served, rather than being killed."""
        return (self.process.exitcode or 0) > 0 and not self.has_started.is_set()


class _Workers:
    """The parent of worker processes: starts them, replaces dead ones, stops them together."""

    def __init__(self, settings: Settings, listener: socket.socket, application: str) -> None:
        self._settings = settings
        self._listener = listener
        self._application = application
        self._context = multiprocessing.get_context("spawn")
        self._signal: int | None = None
        self._failures = 0

    def run(self) -> None:
        """Until a signal arrives; all workers have ended then.

        Raises:
            ServerError: a worker of the first generation fails while it starts.
        """
        before = {each: signal.signal(each, self._note) for each in _STOP_SIGNALS}
        workers: list[_Worker] = []
        try:
            workers += [self._start() for _ in range(self._settings.workers)]
            first = set(workers)
            while self._signal is None:
                wait([each.process.sentinel for each in workers], timeout=0.2)
                workers[:] = [self._kept_alive(each, is_first=each in first) for each in workers]
        finally:
            self._stop(workers)
            self._listener.close()
            for number, handler in before.items():
                signal.signal(number, handler)
        signal.raise_signal(self._signal)

    def _note(self, number: int, _: FrameType | None) -> None:
        self._signal = number

    def _start(self) -> _Worker:
        has_started = self._context.Event()
        arguments = (self._settings, self._listener, self._application, has_started)
        process = self._context.Process(target=_work, args=arguments)
        process.start()
        return _Worker(process, has_started)

    def _kept_alive(self, worker: _Worker, *, is_first: bool) -> _Worker:
        """The worker, or its successor when it is dead."""
        if worker.process.is_alive() or self._signal is not None:
            return worker
        if worker.failed_to_start and is_first:
            raise ServerError("A worker failed while it started; its log lines above say why.")
        log.error("worker died", worker=worker.process.pid, exit_code=worker.process.exitcode)
        if MULTIPROCESS_FOLDER in os.environ:
            mark_process_dead(worker.process.pid)
        self._failures = self._failures + 1 if worker.failed_to_start else 0
        self._pause(min(0.5 * 2**self._failures, _LONGEST_PAUSE_S) if self._failures else 0)
        return self._start()

    def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self._signal is None and time.monotonic() < end:
            time.sleep(0.1)

    def _stop(self, workers: Sequence[_Worker]) -> None:
        """Ask all, wait for the longest graceful shutdown, then insist."""
        for worker in workers:
            worker.process.terminate()
        settings = self._settings
        end = time.monotonic() + settings.shutdown_timeout_s + 2 * settings.drain_s + 5
        for worker in workers:
            worker.process.join(max(0, end - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
