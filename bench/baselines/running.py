"""The servers of this folder, each on a port of its own."""

import contextlib
import socket
import sys
from collections.abc import Generator
from dataclasses import dataclass

import psutil

from bench.starting import free_port, started

START_S = 30.0


@dataclass(frozen=True, slots=True)
class Baseline:
    """A server on the loopback interface."""

    port: int
    process: psutil.Process


@contextlib.contextmanager
def baseline(name: str, *arguments: str) -> Generator[Baseline]:
    """`bench.baselines.<name>`, listening while inside.

    Raises:
        RuntimeError: it did not start within 30 seconds.
    """
    port = free_port()
    command = [sys.executable, "-m", f"bench.baselines.{name}", str(port), *arguments]
    with started(command, lambda: _listens(port), START_S) as process:
        yield Baseline(port, process)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
