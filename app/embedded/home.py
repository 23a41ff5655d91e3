"""The home folder: one owner at a time, and a note for other commands where its servers are."""

import contextlib
import fcntl
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from app.embedded.errors import EmbeddedServerError, HomeInUse


@dataclass(frozen=True, slots=True)
class Services:
    """Where the database and the stream server are."""

    database_url: str
    redis_url: str


class Home:
    """The folder of one Unico installation. `claim` it before you start servers in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._lock: IO[str] | None = None

    @property
    def _note(self) -> Path:
        return self.folder / "services.json"

    def claim(self) -> None:
        """This process owns the folder until `release`, or until it ends in any way.

        Raises:
            HomeInUse: when another process owns it.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (self.folder / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip() or "another process"
            lock.close()
            raise HomeInUse(
                f"{self.folder} is in use by {owner}: stop it, or set UNICO_HOME to another folder."
            ) from None
        lock.seek(0)
        lock.truncate()
        command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]])
        lock.write(f"{command} (process {os.getpid()})")
        lock.flush()
        self._lock = lock
        self._note.unlink(missing_ok=True)

    def release(self) -> None:
        """The folder is free."""
        self._note.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def publish(self, services: Services) -> None:
        """Other commands on this folder can now find the servers (readable by this user only)."""
        draft = self._note.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(services)))
        draft.replace(self._note)

    def await_services(self, timeout_s: float) -> Services:
        """The servers of the process that owns the folder, as soon as it has published them.

        Raises:
            EmbeddedServerError: when it does not within `timeout_s`.
        """
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            with contextlib.suppress(FileNotFoundError):
                return Services(**json.loads(self._note.read_text()))
            time.sleep(0.05)
        raise EmbeddedServerError(
            f"{self.folder} is in use, but its servers do not come up: stop that process first."
        )
