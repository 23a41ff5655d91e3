"""Who is calling; devices with keys; ending sessions."""

from typing import Annotated

import strawberry

from domain.common.paging import PageRequest
from domain.common.transaction import Tx
from domain.identity import repository
from domain.identity.enroll import enroll_device
from domain.identity.model import Role
from domain.identity.revoke import revoke_device, revoke_session
from resolvers.answering import answer
from schema.access import Allow
from schema.connections import Connection, connection_of
from schema.context import Info
from schema.identity import (
    MANAGERS,
    Device,
    EnrollDeviceInput,
    EnrollDevicePayload,
    EnrollDeviceResult,
    RevokeDeviceInput,
    RevokeDevicePayload,
    RevokeDeviceResult,
    RevokeSessionInput,
    RevokeSessionPayload,
    RevokeSessionResult,
    Viewer,
)
from schema.inputs import INPUT, After, First
from schema.refusals import checked


@strawberry.type
class IdentityQuery:
    """Root fields that read callers and devices."""

    @strawberry.field(
        description="The caller; null when it is anonymous.", extensions=[Allow(anonymous=True)]
    )
    async def viewer(self, info: Info) -> Viewer | None:
        """The caller or null."""
        actor = info.context.actor
        return Viewer.of(actor) if actor else None

    @strawberry.field(
        description="Devices with a key, newest first: all, or for a STORE_MANAGER those of its "
        "own locations.",
        extensions=[Allow(*MANAGERS)],
    )
    async def devices(
        self, info: Info, first: First = 20, after: After = None
    ) -> Connection[Device]:
        """A page of devices."""
        actor = info.context.caller
        request = checked(lambda: PageRequest.of(first, after))
        page = await info.context.read(lambda c: repository.page(c, request, actor))

        async def count() -> int:
            return await info.context.read(lambda c: repository.count(c, actor))

        return connection_of(page, Device.of, count)


@strawberry.type
class IdentityMutation:
    """Root fields that change devices and sessions."""

    @strawberry.mutation(
        description="Give a device a long-lived key. STORE_MANAGER: at its own locations.",
        extensions=[Allow(*MANAGERS)],
    )
    async def enroll_device(
        self, info: Info, given: Annotated[EnrollDeviceInput, INPUT]
    ) -> EnrollDeviceResult:
        """The device with its key, or why not."""
        actor = info.context.caller

        async def work(tx: Tx) -> EnrollDevicePayload:
            done = await enroll_device(tx, actor, given.to_domain())
            return EnrollDevicePayload(
                device=Device.of(done.device), key=done.key.text if done.key else None
            )

        return await answer(info.context.run(work))

    @strawberry.mutation(
        description="End a device's key and tokens now; its sockets close within seconds. "
        "STORE_MANAGER: at its own locations.",
        extensions=[Allow(*MANAGERS)],
    )
    async def revoke_device(
        self, info: Info, given: Annotated[RevokeDeviceInput, INPUT]
    ) -> RevokeDeviceResult:
        """The revoked device, or why not."""
        actor = info.context.caller

        async def work(tx: Tx) -> RevokeDevicePayload:
            done = await revoke_device(tx, actor, given.to_domain())
            return RevokeDevicePayload(device=Device.of(done))

        return await answer(info.context.run(work))

    @strawberry.mutation(
        description="End a token now; its sockets close within seconds.",
        extensions=[Allow(Role.ADMIN)],
    )
    async def revoke_session(
        self, info: Info, given: Annotated[RevokeSessionInput, INPUT]
    ) -> RevokeSessionResult:
        """The revoked token, or why not."""
        actor = info.context.caller

        async def work(tx: Tx) -> RevokeSessionPayload:
            done = await revoke_session(tx, actor, given.to_domain())
            return RevokeSessionPayload(session_id=done.token_id, revoked_at=done.revoked_at)

        return await answer(info.context.run(work))
