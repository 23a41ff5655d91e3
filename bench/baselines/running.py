"""Starting and stopping the servers of this folder."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass

import psutil

from bench.service import free_port

_START_S = 30.0


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
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # clients leave abruptly
    try:
        _until_listening(port, process)
        yield Baseline(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError("a baseline did not start")
