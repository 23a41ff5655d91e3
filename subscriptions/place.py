"""How far a subscription got, and whether the log can tell what came after (ADR 0016)."""

from domain.events.log import Commit, Position
from domain.events.model import Cursor, LoggedEvent
from schema.live import ResyncReason

_UNFINISHED = -1
_MOST_AHEAD = 100


class NotResumable(Exception):
    """Nobody can tell what happened since the cursor."""

    def __init__(self, reason: ResyncReason) -> None:
        super().__init__(reason)
        self.reason = reason


class Place:
    """What was sent, and what is still in the log behind it although the snapshot showed it."""

    def __init__(self, cursor: Cursor) -> None:
        self.seq = cursor.seq
        self.incarnation = cursor.incarnation
        self._ahead = dict(cursor.ahead)

    @property
    def is_plain(self) -> bool:
        """Whether everything up to `seq` was sent, and nothing behind it."""
        return not self._ahead

    def copy(self) -> "Place":
        """The same place, which goes its own way."""
        return Place(Cursor(self.incarnation, self.seq, self._ahead))

    def fresh(self, commit: Commit) -> list[LoggedEvent]:
        """The events of `commit` that were not sent yet; they count as sent from now on."""
        events = [event for event in commit.events if event.seq > self.seq and self._is_new(event)]
        self.seq = max(self.seq, commit.last_seq)
        return events

    def cursor(self) -> str:
        """Where to resume. Not resumable while a great many changes wait to be sequenced, since the
        cursor would name them all.
        """
        if len(self._ahead) > _MOST_AHEAD:
            return unfinished(self.incarnation)
        return Cursor(self.incarnation, self.seq, self._ahead).encode()

    def check_finished(self) -> None:
        """Nothing, unless the place is in the middle of a snapshot.

        Raises:
            NotResumable: it is.
        """
        if self.seq == _UNFINISHED:
            raise NotResumable(ResyncReason.INCOMPLETE_SNAPSHOT)

    def check(self, position: Position) -> None:
        """Nothing, when the log at `position` holds all that came after this place.

        Raises:
            NotResumable: it does not.
        """
        if position.incarnation != self.incarnation:
            raise NotResumable(ResyncReason.OTHER_LOG)
        if self.seq > position.last_seq:
            raise NotResumable(ResyncReason.UNKNOWN_PLACE)
        if self.seq < position.oldest_seq - 1:
            raise NotResumable(ResyncReason.TOO_OLD)

    def _is_new(self, event: LoggedEvent) -> bool:
        key = str(event.aggregate_id)
        shown = self._ahead.get(key)
        if shown is None:
            return True
        if event.version >= shown:
            del self._ahead[key]
        return event.version > shown


def unfinished(incarnation: str) -> str:
    """A cursor that cannot be resumed: the snapshot was not complete."""
    return Cursor(incarnation, _UNFINISHED).encode()
