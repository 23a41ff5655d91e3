"""Reading a mailbox as a subscription does."""

from domain.events.log import Commit
from subscriptions.mailbox import Mailbox


async def next_of(mailbox: Mailbox) -> Commit | None:
    """The oldest commit; waits for one. None: the mailbox is flooded."""
    await mailbox.filled()
    return mailbox.take()
