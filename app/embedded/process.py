"""Child servers that end with their parent, also when the parent is killed with SIGKILL."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_POLL_S = 0.02
_LOG_LIMIT_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class Identity:
    """The system user a server runs as; the default is the user of this process."""

    uid: int | None = None
    gid: int | None = None


@dataclass(slots=True)
class ServerProcess:
    """One running server and its guard.

    The guard is a shell that waits for the end of a pipe whose other end only this process holds.
    When this process goes away, in whatever way, the guard sends the server its stop signal.
    (`PR_SET_PDEATHSIG` would be Linux only, and it fires when the starting *thread* ends.)
    """

    command: Sequence[str]
    log: Path
    stop_signal: signal.Signals
    identity: Identity = field(default_factory=Identity)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    _server: subprocess.Popen[bytes] | None = None
    _guard: subprocess.Popen[bytes] | None = None
    _log_start: int = 0

    @property
    def pid(self) -> int:
        """Process id of the server; 0 when it was never started."""
        return self._server.pid if self._server else 0

    @property
    def exit_code(self) -> int | None:
        """None while the server runs, else its exit code (negative: the signal that ended it)."""
        return self._server.poll() if self._server else 0

    def start(self) -> None:
        """The server is started, in a session of its own: Ctrl-C in a terminal reaches only us."""
        _rotate(self.log)
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self._server = subprocess.Popen(
                list(self.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                env=dict(self.environment),
                user=self.identity.uid,
                group=self.identity.gid,
                extra_groups=None if self.identity.uid is None else [],
            )
        script = f"read -r _; kill -s {self.stop_signal.name.removeprefix('SIG')} {self.pid}"
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def stop(self, timeout_s: float) -> None:
        """The server has ended, by its stop signal if it obeys within `timeout_s`."""
        self._dismiss_guard()
        server = self._server
        if server is None:
            return
        for step in (self.stop_signal, signal.SIGQUIT, signal.SIGKILL):
            if server.poll() is not None:
                return
            server.send_signal(step)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(timeout_s)

    def kill(self) -> None:
        """The server was ended by SIGKILL, as a crash would."""
        self._dismiss_guard()
        if self._server is not None:
            self._server.kill()
            self._server.wait()

    def output(self) -> str:
        """What the server has written since it was started."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace").strip()

    def _dismiss_guard(self) -> None:
        if self._guard is None:
            return
        self._guard.kill()
        self._guard.wait()
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        self._guard = None


def free_port() -> int:
    """A TCP port of the loopback interface that nobody used a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command_line(pid: int) -> str:
    """The command of a live process, words separated by spaces; empty when there is none."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        except (OSError, UnicodeDecodeError):
            return ""
    shown = subprocess.run(
        ["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return shown.stdout.strip()


def exists(pid: int) -> bool:
    """Whether the system knows a process `pid`, be it a zombie or another user's."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def runs(pid: int, marks: Sequence[str]) -> bool:
    """Whether `pid` is a live process whose command holds all of `marks`. A zombie is not."""
    command = command_line(pid)
    return bool(command) and all(mark in command for mark in marks)


def end_stray(
    pid: int, marks: Sequence[str], stop_signal: signal.Signals, timeout_s: float
) -> bool:
    """Whether a server left over by an earlier run was found; it has ended when this returns.

    A process that merely got the old process id is left alone.
    """
    if not runs(pid, marks):
        return False
    for step in (stop_signal, signal.SIGQUIT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, step)
        if wait_until(lambda: not runs(pid, marks), timeout_s):
            break
    return True


def wait_until(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Whether `condition` became true within `timeout_s`."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(_POLL_S)
    return True


def _rotate(log: Path) -> None:
    """Keep at most two files of about ten megabytes."""
    if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))
