"""Processor time and memory of processes: the unit of these benchmarks, since on two cores the wall
clock mostly tells who else was running.
"""

import sys
import time
from collections.abc import Iterable

import psutil


def cpu_s(processes: Iterable[psutil.Process]) -> float:
    """User and system time that the processes have spent so far, in seconds."""
    return sum(_spent_s(process) for process in processes)


def tree_cpu_s(roots: Iterable[psutil.Process]) -> float:
    """The same of the processes and all below them, those that have ended included: PostgreSQL has
    a process for each connection. Each counts once.
    """
    tree = {each for root in roots for each in (root, *root.children(recursive=True))}
    return sum(_spent_s(process) + _spent_by_ended_s(process) for process in tree)


def resident_bytes(processes: Iterable[psutil.Process]) -> int:
    """Memory that is in use."""
    return sum(process.memory_info().rss for process in processes)


def _spent_s(process: psutil.Process) -> float:
    """To the nanosecond on Linux, where psutil counts hundredths; 0 for a process that is gone."""
    try:
        if sys.platform == "linux":
            return time.clock_gettime(~process.pid << 3 | 2)  # see clock_getcpuclockid(3)
        times = process.cpu_times()
    except (psutil.NoSuchProcess, OSError):
        return 0.0
    return times.user + times.system


def _spent_by_ended_s(process: psutil.Process) -> float:
    """What children spent that have ended."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.children_user + times.children_system
