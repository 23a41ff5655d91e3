"""Runs `app.server.serve` in a process of its own: `python -m tests.support.serving ...`."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import httpx2

from app.logging import configure
from app.server import listen, serve
from app.settings import load_settings


@dataclass
class RunningServer:
    """A server process."""

    process: Process
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def websocket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGTERM)


@contextlib.asynccontextmanager
async def serving(application: str, **settings: str) -> AsyncGenerator[RunningServer]:
    """A server that answers `/ready` with 200; killed at the end if it still runs."""
    environment = {**os.environ, **{f"UNICO_{k.upper()}": v for k, v in settings.items()}}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.serving", application),
        stdout=asyncio.subprocess.PIPE,
        env=environment,
    )
    assert process.stdout is not None
    try:
        server = RunningServer(process, int(await process.stdout.readline()))
        await until_ready(server.url)
        yield server
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def until_ready(url: str) -> None:
    """Returns when `/ready` answers 200; the test's own time limit ends a wait in vain."""
    async with httpx2.AsyncClient() as client:
        while True:
            with contextlib.suppress(httpx2.TransportError):
                if (await client.get(f"{url}/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.02)


def main() -> None:
    settings = load_settings()
    configure(settings)
    with contextlib.closing(listen("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        serve(settings, listener, sys.argv[1])


if __name__ == "__main__":
    main()
