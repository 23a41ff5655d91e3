"""CPU that processes have used: what other people's work on the machine disturbs least."""

import os
from collections.abc import Collection
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM, _USER_OF_DEAD, _SYSTEM_OF_DEAD = 11, 12, 13, 14


def cpu_of_trees(roots: Collection[int]) -> float:
    """Seconds of CPU (user and system) that the processes and all below them have used so far,
    those that have ended and were waited for included. Each counts once.
    """
    parents = {pid: found for pid in _pids() if (found := _stat(pid))}
    tree = set(roots)
    while more := {pid for pid, stat in parents.items() if int(stat[1]) in tree} - tree:
        tree |= more
    columns = (_USER, _SYSTEM, _USER_OF_DEAD, _SYSTEM_OF_DEAD)
    return sum(int(parents[pid][column]) for pid in tree & parents.keys() for column in columns) / (
        _TICK
    )


def postmaster_of(home: Path) -> int:
    """The process of the embedded PostgreSQL that keeps its data below that folder."""
    found = next(home.rglob("postmaster.pid"))
    return int(found.read_text().splitlines()[0])


def children_of(parent: int) -> list[int]:
    """The processes that a process has started and that still run."""
    return [pid for pid in _pids() if (stat := _stat(pid)) and int(stat[1]) == parent]


def command_of(pid: int) -> str:
    """How the process was started, one blank between the arguments."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _stat(pid: int) -> list[str] | None:
    """The columns of `/proc/<pid>/stat` behind the name; None when the process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
