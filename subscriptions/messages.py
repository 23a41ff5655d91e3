"""What travels through the stream: one JSON text per commit, and heartbeats."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from domain.events.log import Commit
from domain.events.model import LoggedEvent

EVENTS = "events"
"""Channel of commits and heartbeats."""

WAKE = "wake"
"""Channel on which workers tell the sequencer that they committed something."""


class Link(StrEnum):
    """Notes of the backend to its own process about the connection; never sent."""

    FOUND = "link found"
    LOST = "link lost"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The log `incarnation` reaches to `seq`."""

    incarnation: str
    seq: int


@dataclass(frozen=True, slots=True)
class Published:
    """A commit of the log `incarnation`."""

    incarnation: str
    commit: Commit


class NotAMessage(ValueError):
    """The text was not made by this module."""


def heartbeat(incarnation: str, seq: int) -> str:
    """The text of a heartbeat."""
    return orjson.dumps({"log": incarnation, "seq": seq}).decode()


def published(incarnation: str, records: Sequence[str]) -> str:
    """The text of a commit; `records` are its events as JSON objects (see `SequencedCommit`)."""
    return f'{{"log":"{incarnation}","events":[{",".join(records)}]}}'


def decode(text: str | bytes) -> Heartbeat | Published:
    """The message in `text`.

    Raises:
        NotAMessage: it is something else.
    """
    try:
        found = orjson.loads(text)
        if "events" in found:
            commit = Commit(tuple(_event(each) for each in found["events"]))
            if commit.events:
                return Published(found["log"], commit)
        return Heartbeat(found["log"], int(found["seq"]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise NotAMessage(repr(text[:100])) from error


def _event(record: dict[str, Any]) -> LoggedEvent:
    return LoggedEvent(
        record["seq"],
        record["commit"],
        record["type"],
        record["aggregate"],
        UUID(record["aggregate_id"]),
        record["version"],
        tuple(record["topics"]),
        record["payload"],
        datetime.fromisoformat(record["at"]),
    )
