"""Bins: where SKUs stand."""

from typing import Annotated

import strawberry

from domain.common.transaction import Tx
from domain.stock.bins import set_stock_bin
from resolvers.answering import answer
from resolvers.stock import KEEPERS
from schema.access import Allow
from schema.bins import SetStockBinInput, SetStockBinPayload, SetStockBinResult, StockBin
from schema.context import Info
from schema.inputs import INPUT


@strawberry.type
class BinsMutation:
    """Root fields that say where SKUs stand."""

    @strawberry.mutation(
        description="Say in which bin a SKU stands at a location, for pick lists. People of "
        "locations at their own only.",
        extensions=[Allow(*KEEPERS)],
    )
    async def set_stock_bin(
        self, info: Info, input: Annotated[SetStockBinInput, INPUT]
    ) -> SetStockBinResult:
        """The bin, or why not."""

        async def work(tx: Tx) -> SetStockBinPayload:
            done = await set_stock_bin(tx, info.context.caller, input.to_domain())
            return SetStockBinPayload(bin=StockBin.of(done))

        return await answer(info.context.run(work))
