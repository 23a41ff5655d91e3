"""Log lines: JSON for machines, colours for a terminal, each with its correlation id."""

import io
import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TextIO, cast

import orjson
import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import ExcInfo, Processor

from app.settings import LogFormat, Settings
from domain.common.card_numbers import without_card_numbers

_correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")

# They write a line per connection or per statement; ours carry the same with more context.
_QUIET = ("uvicorn.error", "uvicorn.access", "alembic", "httpx2", "httpcore2")


def current_correlation_id() -> str:
    """The id that ties this work to the request that caused it; empty outside of any."""
    return _correlation_id.get()


@contextmanager
def correlated(correlation_id: str) -> Generator[None]:
    """Inside, log lines and events carry `correlation_id`."""
    token = _correlation_id.set(correlation_id)
    try:
        with structlog.contextvars.bound_contextvars(correlation_id=correlation_id):
            yield
    finally:
        _correlation_id.reset(token)


def configure(settings: Settings) -> None:
    """Every log line of this process, ours or a library's, goes to stderr in one format."""
    level = getattr(logging, settings.log_level.upper())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.StackInfoRenderer(),
    ]
    final = _renderer(settings.log_format)
    structlog.configure(
        processors=[*shared, *final],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[strip, *final],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def console_renderer(*, colors: bool) -> structlog.dev.ConsoleRenderer:
    """Lines for people. Like those for machines they show where an exception came from, never the
    values of variables there: those may be personal data.
    """
    return structlog.dev.ConsoleRenderer(
        timestamp_key="at", colors=colors, exception_formatter=_traceback
    )


def _traceback(out: TextIO, error: ExcInfo) -> None:
    """The traceback, without payment card numbers."""
    text = io.StringIO()
    structlog.dev.plain_traceback(text, error)
    out.write(without_card_numbers(text.getvalue()))


def _renderer(log_format: LogFormat) -> list[Processor]:
    is_console = log_format is LogFormat.CONSOLE or (
        log_format is LogFormat.AUTO and sys.stderr.isatty()
    )
    if is_console:
        return [redacted, console_renderer(colors=sys.stderr.isatty())]
    return [
        structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
        redacted,
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(serializer=_to_json),
    ]


def redacted(_: Any, __: str, line: Any) -> Any:
    """The line without payment card numbers, wherever in it they are."""
    if isinstance(line, str):
        return without_card_numbers(line)
    if isinstance(line, dict):
        given = cast("dict[Any, Any]", line)
        return {name: redacted(_, __, value) for name, value in given.items()}
    if isinstance(line, list):
        return [redacted(_, __, value) for value in cast("list[Any]", line)]
    return line


def _to_json(line: Any, **_: Any) -> str:
    return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
