"""Log lines tell what went wrong and where, and nothing of whom."""

import logging
from collections.abc import Generator

import pytest
import structlog

from app.logging import configure
from app.settings import LogFormat, Settings
from tests.support.logs import logs_as_before


@pytest.fixture(autouse=True)
def as_before() -> Generator[None]:
    """The configuration of logs is as before afterwards."""
    with logs_as_before():
        yield


def _fail() -> None:
    email = "ada@example.com".upper()
    assert email
    raise RuntimeError("no answer")


@pytest.mark.parametrize("log_format", [LogFormat.JSON, LogFormat.CONSOLE])
def test_an_exception_is_told_without_the_values_of_variables(
    capsys: pytest.CaptureFixture[str], log_format: LogFormat
) -> None:
    configure(Settings(log_format=log_format))
    for log in (structlog.get_logger(), logging.getLogger("some.library")):
        try:
            _fail()
        except RuntimeError:
            log.exception("failed")
    text = capsys.readouterr().err
    assert text.count("failed") == 2
    assert text.count("no answer") >= 2
    assert text.count("_fail") >= 2
    assert "ADA@EXAMPLE" not in text


@pytest.mark.parametrize("log_format", [LogFormat.JSON, LogFormat.CONSOLE])
def test_no_line_shows_a_card_number(
    capsys: pytest.CaptureFixture[str], log_format: LogFormat
) -> None:
    configure(Settings(log_format=log_format))
    number = "4111-1111-1111-1111"
    structlog.get_logger().info("paid", note=f"with {number}", parts=[{"card": number}], ms=4.1)
    logging.getLogger("some.library").warning("got %s", number)
    for log in (structlog.get_logger(), logging.getLogger("some.library")):
        try:
            raise RuntimeError(number)
        except RuntimeError:
            log.exception("failed")
    text = capsys.readouterr().err
    assert "1111-1111" not in text
    assert text.count("a payment card number was here") >= 5
    assert text.count("failed") == 2
