"""`unico up` as a user runs it, in a process and a home of its own."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

_LAST_LINE = "Ctrl-C stops it"


@dataclass
class Installation:
    """A running service and what it has printed so far."""

    process: Process
    banner: str

    @property
    def url(self) -> str:
        """Such as http://127.0.0.1:8000."""
        (line,) = [each for each in self.banner.splitlines() if each.startswith("GraphQL")]
        return line.split()[1].removesuffix("/graphql")

    def token(self, role: str) -> str:
        """The token that the banner shows for a role."""
        lines = self.banner.splitlines()
        (index,) = [i for i, line in enumerate(lines) if line.startswith(f"{role}: ")]
        return lines[index + 1]

    async def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode

    async def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        await self.process.communicate()


def command_environment(home: Path, **more: str) -> dict[str, str]:
    """Of a `unico` process: this one's, without addresses of servers."""
    own = {k: v for k, v in os.environ.items() if not k.endswith(("DATABASE_URL", "REDIS_URL"))}
    return own | {"UNICO_HOME": str(home), "COLUMNS": "120"} | more


async def unico(home: Path, *arguments: str, **environment: str) -> Process:
    """A `unico` process with its output piped."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=command_environment(home, **environment),
    )


@contextlib.asynccontextmanager
async def installed(
    home: Path, arguments: Sequence[str] = (), **environment: str
) -> AsyncGenerator[Installation]:
    """A service that has printed its banner; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "up", "--port", "0", *arguments),
        stdout=asyncio.subprocess.PIPE,
        env=command_environment(home, **environment),
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        while not lines or _LAST_LINE not in lines[-1]:
            line = (await process.stdout.readline()).decode()
            if not line:
                raise AssertionError(f"it ended before it was ready: {''.join(lines)}")
            lines.append(line)
        yield Installation(process, "".join(lines))
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
