"""The GraphQL schema: what resolvers and subscriptions offer, behind the limits."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.types.base_scalars import UUIDDefinition
from strawberry.types import ExecutionContext

from app.executor import LeanExecutor
from app.faults import MaskedErrors
from app.limits import DocumentLimits, OperationScope
from app.settings import Settings
from resolvers.bins import BinsMutation
from resolvers.carriers import CarriersMutation, CarriersQuery
from resolvers.catalog import CatalogMutation, CatalogQuery
from resolvers.counting import CountingMutation, CountingQuery
from resolvers.customers import CustomersMutation, CustomersQuery
from resolvers.fulfillment import FulfillmentMutation, FulfillmentQuery
from resolvers.identity import IdentityMutation, IdentityQuery
from resolvers.labels import LabelsMutation, LabelsQuery
from resolvers.locations import LocationsMutation, LocationsQuery
from resolvers.many_orders import ManyOrdersMutation
from resolvers.node import NodeQuery
from resolvers.order_changes import OrderChangesMutation
from resolvers.order_edits import OrderEditsMutation, OrderEditsQuery
from resolvers.orders import OrdersMutation, OrdersQuery
from resolvers.pick_lists import PickListsMutation, PickListsQuery
from resolvers.pickup import PickupMutation
from resolvers.purchasing import PurchasingMutation, PurchasingQuery
from resolvers.shipments import ShipmentsMutation, ShipmentsQuery
from resolvers.stock import StockMutation, StockQuery
from resolvers.supply import SupplyMutation, SupplyQuery
from resolvers.transfers import TransfersMutation, TransfersQuery
from resolvers.waves import WavesMutation, WavesQuery
from resolvers.work_queue import WorkQueueQuery
from subscriptions.fields import Subscription


@strawberry.type(description="What can be read.")
class Query(
    NodeQuery,
    IdentityQuery,
    LocationsQuery,
    CatalogQuery,
    CustomersQuery,
    StockQuery,
    OrdersQuery,
    OrderEditsQuery,
    ShipmentsQuery,
    FulfillmentQuery,
    WorkQueueQuery,
    PickListsQuery,
    WavesQuery,
    TransfersQuery,
    PurchasingQuery,
    SupplyQuery,
    CountingQuery,
    CarriersQuery,
    LabelsQuery,
):
    """All root fields that read."""


@strawberry.type(description="What can be changed. Each field is one transaction.")
class Mutation(
    IdentityMutation,
    LocationsMutation,
    CatalogMutation,
    CustomersMutation,
    StockMutation,
    BinsMutation,
    OrdersMutation,
    ManyOrdersMutation,
    OrderChangesMutation,
    OrderEditsMutation,
    ShipmentsMutation,
    FulfillmentMutation,
    PickListsMutation,
    WavesMutation,
    PickupMutation,
    TransfersMutation,
    PurchasingMutation,
    SupplyMutation,
    CountingMutation,
    CarriersMutation,
    LabelsMutation,
):
    """All root fields that change something."""


class Schema(strawberry.Schema):
    """Errors are logged where they are masked (`app.faults`), once, and nowhere else."""

    def process_errors(
        self, errors: Sequence[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Nothing."""


def build_schema(
    settings: Settings,
    *,
    query: type = Query,
    mutation: type | None = Mutation,
    subscription: type | None = Subscription,
) -> Schema:
    """The schema as this installation serves it, over these root types."""
    return Schema(
        query=query,
        mutation=mutation,
        subscription=subscription,
        execution_context_class=LeanExecutor,
        config=_config(disable_field_suggestions=not settings.is_development),
        extensions=[
            MaskedErrors,
            OperationScope.factory(settings.operation_timeout_s),
            DocumentLimits.factory(open_introspection=settings.introspection),
        ],
    )


@cache
def bare_schema() -> Schema:
    """The schema without limits, for what only looks at its types."""
    return Schema(query=Query, mutation=Mutation, subscription=Subscription, config=_config())


def sdl() -> str:
    """The schema in GraphQL's schema definition language, as it stands in `schema.graphql`."""
    return bare_schema().as_str() + "\n"


def _config(**given: Any) -> StrawberryConfig:
    described = replace(UUIDDefinition, description="A UUID (RFC 9562) in its usual text form.")
    return StrawberryConfig(relay_max_results=100, scalar_map={UUID: described}, **given)
