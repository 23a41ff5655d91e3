"""The scheduler of a worker: it sweeps, which is to do all duties that are due."""

import asyncio
import random
from collections.abc import Sequence

import structlog

from app.duties import Duty

EVERY_S = 5.0

log = structlog.get_logger("unico.housekeeping")


async def keep_house(duties: Sequence[Duty], *, every_s: float = EVERY_S) -> None:
    """Sweeps until cancelled. Every worker does: all duties are safe to do twice at once."""
    while True:
        await asyncio.sleep(every_s * random.uniform(0.75, 1.25))
        await sweep(duties)


async def sweep(duties: Sequence[Duty]) -> None:
    """What is due is done; failures are logged, and the next sweep tries again."""
    for duty in duties:
        await _attempt(duty)


async def _attempt(duty: Duty) -> None:
    try:
        done = await duty.run()
    except Exception as error:  # noqa: BLE001 -- edge: whatever it is, the next sweep tries again
        log.warning("sweep failed", what=duty.name, reason=repr(error))
        return
    if done:
        log.info("swept", what=duty.name, number=done)
