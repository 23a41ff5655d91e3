"""How log lines are written, for tests that change it."""

import logging
from collections.abc import Generator
from contextlib import contextmanager

import structlog


@contextmanager
def logs_as_before() -> Generator[None]:
    """Afterwards the configuration of logs is as it was, of structlog and of the library's."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers, root.level
    try:
        yield
    finally:
        structlog.configure(**before)
        root.handlers = handlers
        root.setLevel(level)
        logging.captureWarnings(capture=False)
