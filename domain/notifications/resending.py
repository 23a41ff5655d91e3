"""Use case: send a notification again, whatever became of it."""

from dataclasses import dataclass, replace

import sqlalchemy as sa

from domain.common.errors import Forbidden, NotFound
from domain.common.idempotency import once
from domain.common.sql import together
from domain.common.transaction import Tx
from domain.events.outbox import publish
from domain.identity.model import Actor, Role
from domain.notifications.events import resent
from domain.notifications.model import (
    NotificationId,
    NotificationState,
    tries_of,
)
from domain.notifications.repository import locked_notification
from domain.notifications.tables import notification, notification_attempt

RESENDERS = frozenset({Role.CALL_CENTER, Role.OPERATIONS, Role.ADMIN, Role.CHANNEL})
OUTCOME = "ASKED_AGAIN"


@dataclass(frozen=True, slots=True)
class ResendNotification:
    """Send it again, under the same key as before."""

    idempotency_key: str
    notification_id: NotificationId


@dataclass(frozen=True, slots=True)
class Resent:
    """The notification that is sent again."""

    id: NotificationId


async def resend_notification(tx: Tx, actor: Actor, command: ResendNotification) -> Resent:
    """The notification, due now, with all its tries before it.

    Raises:
        Forbidden: the actor's role does not send again.
        NotFound: no such notification of an order that the actor may see; an integration sends
            only what its own endpoints are told. IdempotencyConflict: see there.

    Locks: the notification.
    """
    if actor.role not in RESENDERS:
        raise Forbidden("this role does not send notifications again")

    async def work() -> Resent:
        before = await locked_notification(tx.connection, actor, command.notification_id)
        if before is None:
            raise NotFound("notification", str(command.notification_id))
        now = await tx.now()
        after = replace(before, resends=before.resends + 1)
        c = notification.c
        change = (
            sa.update(notification)
            .where(c.id == before.id)
            .values(
                state=NotificationState.WAITING.value,
                next_try_at=now,
                tries_left=tries_of(before.channel),
                reason=None,
                resends=after.resends,
            )
        )
        asked = sa.insert(notification_attempt).values(
            notification_id=before.id,
            number=-before.resends,
            at=now,
            outcome=OUTCOME,
            actor=tx.actor_key,
        )
        await tx.connection.execute(together(change, asked))
        await publish(tx, resent(after))
        return Resent(before.id)

    return await once(tx, "resendNotification", command, Resent, work)
