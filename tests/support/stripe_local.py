"""localstripe, the stand-in for Stripe by other people, in a process of its own on loopback.

`python -m tests.support.stripe_local` serves it on a free port, which it prints. It is older than
the version of the API that Stripe's library speaks, so it is taught to take, and to ignore or keep,
the parameters that came later. It keeps its books in memory: its own start would write a file in a
folder that all share, and listen on all interfaces.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator
from typing import Any

from app.server import listen


@contextlib.asynccontextmanager
async def serving_localstripe() -> AsyncGenerator[str]:
    """Its address; killed at the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.stripe_local"), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(await process.stdout.readline())}"
    finally:
        process.kill()
        await process.communicate()


def main() -> None:
    from localstripe import resources

    store: Any = resources.store
    store.dump_to_disk = lambda: None
    intents: Any = resources.PaymentIntent
    create, capture = intents._api_create, intents._api_capture

    def create_now(**given: Any) -> Any:
        given.pop("allowed_payment_method_types", None)
        return create(**given)

    def capture_now(metadata: dict[str, str] | None = None, **given: Any) -> Any:
        intents._api_retrieve(given["id"]).metadata.update(metadata or {})
        return capture(**given)

    intents._api_create = create_now
    routes: list[Any] = resources.extra_apis
    routes[:] = [
        (method, path, capture_now if path.endswith("payment_intents/{id}/capture") else handler)
        for method, path, handler in routes
    ]
    # Its routes are made when this is imported.
    from aiohttp import web
    from localstripe.server import app

    with contextlib.closing(listen("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        web.run_app(app, sock=listener, print=None, access_log=None)


if __name__ == "__main__":
    main()
