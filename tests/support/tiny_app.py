"""The smallest application with the operations of the real one, for tests of serving."""

import asyncio
import os
from collections.abc import AsyncGenerator

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from app.lifecycle import Lifecycle
from app.metrics import Metrics
from app.operations import Check, operations_routes
from app.request_context import RequestContext
from app.settings import Settings


def create_app(settings: Settings, checks: tuple[Check, ...] = ()) -> Starlette:
    del settings
    lifecycle, metrics = Lifecycle(), Metrics()
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slow(_: Request) -> Response:
        """Answers once `/leave` was called."""
        entered.set()
        await leave.wait()
        return PlainTextResponse("finished")

    async def entered_slow(_: Request) -> Response:
        await entered.wait()
        return PlainTextResponse("somebody waits")

    async def stream(_: Request) -> Response:
        async def lines() -> AsyncGenerator[str]:
            yield "data: hello\n\n"
            await asyncio.Event().wait()

        return StreamingResponse(lines(), media_type="text/event-stream")

    async def pid(_: Request) -> Response:
        return PlainTextResponse(str(os.getpid()))

    async def broken(_: Request) -> Response:
        raise RuntimeError("a defect")

    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        async for text in socket.iter_text():
            if text == "leave":
                leave.set()
            await socket.send_text(text)

    routes = [
        *operations_routes(lifecycle, metrics, lambda: checks),
        Route("/slow", slow),
        Route("/entered", entered_slow),
        Route("/stream", stream),
        Route("/pid", pid),
        Route("/broken", broken),
        WebSocketRoute("/echo", echo),
    ]
    edge = Middleware(
        RequestContext, lifecycle=lifecycle, metrics=metrics, paths=frozenset({"/pid"})
    )
    app = Starlette(routes=routes, middleware=[edge])
    app.state.lifecycle = lifecycle
    return app


def create_broken_app(settings: Settings) -> Starlette:
    raise RuntimeError(f"no application on port {settings.port}")
