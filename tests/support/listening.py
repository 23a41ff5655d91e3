"""An application that listens on a port of this process."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

import uvicorn
from starlette.applications import Starlette

from app.server import listen


@contextlib.asynccontextmanager
async def listening(app: Starlette, **options: Any) -> AsyncGenerator[tuple[uvicorn.Server, int]]:
    """The server of the application, started on a free port of loopback, and that port. Stopped at
    the end. The options are those of uvicorn.
    """
    with contextlib.closing(listen("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, loop="none", log_config=None, **options)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve([listener]))
        try:
            async with asyncio.timeout(20):
                while not server.started and not task.done():
                    await asyncio.sleep(0.01)
            assert server.started, "the application did not start"
            yield server, listener.getsockname()[1]
        finally:
            server.should_exit = True
            await task
