"""Gift cards and store credit: issuing, correcting, granting, and looking at them."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import strawberry

from domain.common.paging import PageRequest
from domain.common.transaction import Tx, database_time
from domain.identity.model import Role
from domain.vouchers import issuing, model
from domain.vouchers.lookup import balance_of
from domain.vouchers.model import VoucherKind
from domain.vouchers.repository import count_vouchers, vouchers_page
from resolvers.answering import answer
from schema.access import Allow
from schema.connections import Connection, connection_of
from schema.context import Context, Info
from schema.inputs import INPUT, After, First
from schema.refusals import asked, checked
from schema.vouchers import (
    BOOKKEEPERS,
    GRANTERS,
    ISSUERS,
    AdjustVoucherInput,
    CancelGiftCardInput,
    GiftCardBalance,
    GrantStoreCreditInput,
    IssueGiftCardInput,
    IssueGiftCardPayload,
    IssueGiftCardResult,
    Voucher,
    VoucherPayload,
    VoucherResult,
)

AUDITORS = (Role.FINANCE, Role.OPERATIONS, Role.ADMIN)


@strawberry.type
class VouchersQuery:
    """Root fields that read gift cards and store credit."""

    @strawberry.field(
        description="What is on a gift card. Null when there is none with that code. Look-ups are "
        "limited: 20 at once, 10 a minute; 20 times as many for a channel (TOO_MANY_LOOKUPS).",
        extensions=[Allow()],
    )
    async def gift_card_balance(
        self,
        info: Info,
        code: Annotated[
            str, strawberry.argument(description="The code of the card, however it is typed.")
        ],
    ) -> GiftCardBalance | None:
        """The balance or null."""
        context = info.context
        card = await asked(balance_of(context.services.database, context.caller, code))
        if card is None:
            return None
        return GiftCardBalance.of(card, await context.read_primary(database_time))

    @strawberry.field(
        description="Gift cards and store credit, newest first.", extensions=[Allow(*AUDITORS)]
    )
    async def vouchers(
        self,
        info: Info,
        kind: Annotated[
            VoucherKind | None, strawberry.argument(description="Only of this kind.")
        ] = None,
        first: First = 20,
        after: After = None,
    ) -> Connection[Voucher]:
        """A page of vouchers."""
        context = info.context
        request = checked(lambda: PageRequest.of(first, after))
        page = await context.read(lambda c: vouchers_page(c, kind, request))
        return connection_of(
            page, Voucher.of, lambda: context.read(lambda c: count_vouchers(c, kind))
        )


@strawberry.type
class VouchersMutation:
    """Root fields that change gift cards and store credit."""

    @strawberry.mutation(
        description="Issue a gift card. Its code is shown once, and kept as a hash only.",
        extensions=[Allow(*ISSUERS)],
    )
    async def issue_gift_card(
        self, info: Info, input: Annotated[IssueGiftCardInput, INPUT]
    ) -> IssueGiftCardResult:
        """The card and its code, or why not."""

        async def run() -> IssueGiftCardPayload:
            command = input.to_domain()
            issued = await info.context.run(lambda tx: issuing.issue_gift_card(tx, command))
            card = Voucher.of(issued.voucher)
            return IssueGiftCardPayload(gift_card=card, gift_card_code=issued.code)

        return await answer(run())

    @strawberry.mutation(
        description="Correct the balance of a gift card or of store credit.",
        extensions=[Allow(*BOOKKEEPERS)],
    )
    async def adjust_voucher(
        self, info: Info, input: Annotated[AdjustVoucherInput, INPUT]
    ) -> VoucherResult:
        """The corrected voucher, or why not."""
        return await _changed(
            info.context, lambda tx: issuing.adjust_voucher(tx, input.to_domain())
        )

    @strawberry.mutation(
        description="Cancel a gift card: its balance is lost, and nothing can be paid with it.",
        extensions=[Allow(*BOOKKEEPERS)],
    )
    async def cancel_gift_card(
        self, info: Info, input: Annotated[CancelGiftCardInput, INPUT]
    ) -> VoucherResult:
        """The cancelled card, or why not."""
        return await _changed(
            info.context, lambda tx: issuing.cancel_gift_card(tx, input.to_domain())
        )

    @strawberry.mutation(
        description="Give a customer money to spend with the retailer.",
        extensions=[Allow(*GRANTERS)],
    )
    async def grant_store_credit(
        self, info: Info, input: Annotated[GrantStoreCreditInput, INPUT]
    ) -> VoucherResult:
        """The customer's store credit, or why not."""
        return await _changed(
            info.context, lambda tx: issuing.grant_store_credit(tx, input.to_domain())
        )


async def _changed(
    context: Context, work: Callable[[Tx], Awaitable[model.Voucher]]
) -> VoucherResult:
    async def run() -> VoucherPayload:
        return VoucherPayload(voucher=Voucher.of(await context.run(work)))

    return await answer(run())
