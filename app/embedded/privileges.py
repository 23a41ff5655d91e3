"""How PostgreSQL, which refuses to run as root, is started by root.

First choice is a user namespace: the server sees itself as an ordinary user, the files stay root's,
no user is created and nothing is chmod'ed. Where the kernel forbids that (some container profiles),
the server runs as `postgres` or `nobody`, and only folders inside our own home change owner.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from app.embedded.errors import EmbeddedServerError
from app.embedded.process import Identity

_NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534")


class RootMode(StrEnum):
    """What to do when this process is root."""

    AUTO = "auto"
    NAMESPACE = "namespace"
    USER = "user"


@dataclass(frozen=True, slots=True)
class Privileges:
    """How to run a program that must not be root: a command prefix, or another identity."""

    prefix: tuple[str, ...] = ()
    identity: Identity = field(default_factory=Identity)

    @property
    def is_other_user(self) -> bool:
        """Whether files of the server must belong to another user than us."""
        return self.identity.uid is not None


def unprivileged(mode: RootMode = RootMode.AUTO) -> Privileges:
    """The way to run an unprivileged server from this process.

    Raises:
        EmbeddedServerError: as root, when neither a namespace nor a fitting user is available.
    """
    if os.geteuid() != 0:
        return Privileges()
    if mode is not RootMode.USER and _namespaces_work():
        return Privileges(prefix=_NAMESPACE)
    if mode is RootMode.NAMESPACE:
        raise EmbeddedServerError("This kernel forbids user namespaces: run Unico as a plain user.")
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return Privileges(identity=Identity(user.pw_uid, user.pw_gid))
    raise EmbeddedServerError("No user to run PostgreSQL as: run Unico as a plain user.")


def _namespaces_work() -> bool:
    if shutil.which(_NAMESPACE[0]) is None:
        return False
    return subprocess.run([*_NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


def reachable(path: Path, uid: int) -> bool:
    """Whether user `uid` can pass through every folder on the way to `path`."""
    for folder in path.resolve().parents:
        status = folder.stat()
        bit = 0o100 if status.st_uid == uid else 0o001
        if not status.st_mode & bit:
            return False
    return True
