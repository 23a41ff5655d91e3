"""How long a server asks to be left alone."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


def wait_asked(retry_after: str | None) -> timedelta | None:
    """What a `Retry-After` header says, in seconds or as a date; None if it says nothing."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return timedelta(seconds=int(text))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment - datetime.now(UTC), timedelta(0))
