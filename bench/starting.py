"""Starting and stopping the servers that are measured."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

import psutil

STOP_S = 30.0


@contextlib.contextmanager
def started(
    command: Sequence[str],
    is_ready: Callable[[], bool],
    most_s: float,
    *,
    environment: Mapping[str, str] | None = None,
    log: Path = Path(os.devnull),
) -> Generator[psutil.Process]:
    """The process of a server, which is ready and runs while inside. What it says is in the log.

    Raises:
        RuntimeError: it was not ready in time, or ended.
    """
    with log.open("wb") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
    try:
        if not _becomes_ready(is_ready, process, most_s):
            last = log.read_text(errors="replace")[-2_000:]
            raise RuntimeError(f"{' '.join(command)} did not become ready: {last}")
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A port of the loopback interface that nobody uses now."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _becomes_ready(
    is_ready: Callable[[], bool], process: subprocess.Popen[bytes], most_s: float
) -> bool:
    end = time.monotonic() + most_s
    while time.monotonic() < end and process.poll() is None:
        if is_ready():
            return True
        time.sleep(0.05)
    return False
