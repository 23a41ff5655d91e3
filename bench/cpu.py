"""Processor time and memory of processes: the unit of these benchmarks, since on two cores the wall
clock mostly tells who else was running.
"""

from collections.abc import Iterable

import psutil


def cpu_s(processes: Iterable[psutil.Process]) -> float:
    """User and system time spent so far, in seconds; 0 for a process that is gone."""
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def family(process: psutil.Process) -> list[psutil.Process]:
    """The process and all that it started."""
    return [process, *process.children(recursive=True)]


def resident_bytes(processes: Iterable[psutil.Process]) -> int:
    """Memory that is in use."""
    return sum(process.memory_info().rss for process in processes)
