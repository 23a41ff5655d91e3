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
from app.known_documents import Documents
from app.limits import DocumentLimits, OperationScope, Policy
from app.projection.plans import Plans
from app.settings import Settings, SettingsError
from app.trusted import Manifest
from resolvers.accounting import AccountingMutation, AccountingQuery
from resolvers.bins import BinsMutation
from resolvers.carriers import CarriersMutation, CarriersQuery
from resolvers.catalog import CatalogMutation, CatalogQuery
from resolvers.counting import CountingMutation, CountingQuery
from resolvers.customers import CustomersMutation, CustomersQuery
from resolvers.delivery_options import DeliveryOptionsQuery
from resolvers.disputes import DisputesQuery
from resolvers.fulfillment import FulfillmentMutation, FulfillmentQuery
from resolvers.identity import IdentityMutation, IdentityQuery
from resolvers.imports import ImportsQuery
from resolvers.labels import LabelsMutation, LabelsQuery
from resolvers.locations import LocationsMutation, LocationsQuery
from resolvers.many_orders import ManyOrdersMutation
from resolvers.node import NodeQuery
from resolvers.notifications import NotificationsMutation, NotificationsQuery
from resolvers.order_changes import OrderChangesMutation
from resolvers.order_edits import OrderEditsMutation, OrderEditsQuery
from resolvers.orders import OrdersMutation, OrdersQuery
from resolvers.payments import PaymentsMutation, PaymentsQuery
from resolvers.pick_lists import PickListsMutation, PickListsQuery
from resolvers.pickup import PickupMutation
from resolvers.promotions import PromotionsMutation, PromotionsQuery
from resolvers.purchasing import PurchasingMutation, PurchasingQuery
from resolvers.returns import ReturnsMutation, ReturnsQuery
from resolvers.shipments import ShipmentsMutation, ShipmentsQuery
from resolvers.sourcing_decisions import SourcingDecisionsQuery
from resolvers.sourcing_overrides import SourcingOverridesMutation
from resolvers.sourcing_replays import SourcingReplaysQuery
from resolvers.sourcing_rules import SourcingRulesMutation, SourcingRulesQuery
from resolvers.sourcing_trials import SourcingTrialsMutation, SourcingTrialsQuery
from resolvers.stock import StockMutation, StockQuery
from resolvers.supply import SupplyMutation, SupplyQuery
from resolvers.transfers import TransfersMutation, TransfersQuery
from resolvers.vouchers import VouchersMutation, VouchersQuery
from resolvers.waves import WavesMutation, WavesQuery
from resolvers.work_queue import WorkQueueQuery
from subscriptions.fields import Subscription


@strawberry.type(description="What can be read.")
class Query(
    NodeQuery,
    IdentityQuery,
    LocationsQuery,
    CatalogQuery,
    PromotionsQuery,
    CustomersQuery,
    StockQuery,
    OrdersQuery,
    OrderEditsQuery,
    PaymentsQuery,
    AccountingQuery,
    VouchersQuery,
    DisputesQuery,
    DeliveryOptionsQuery,
    SourcingDecisionsQuery,
    SourcingReplaysQuery,
    ShipmentsQuery,
    ReturnsQuery,
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
    ImportsQuery,
    SourcingRulesQuery,
    SourcingTrialsQuery,
    NotificationsQuery,
):
    """All root fields that read."""


@strawberry.type(description="What can be changed. Each field is one transaction.")
class Mutation(
    IdentityMutation,
    LocationsMutation,
    CatalogMutation,
    PromotionsMutation,
    CustomersMutation,
    StockMutation,
    BinsMutation,
    OrdersMutation,
    ManyOrdersMutation,
    OrderChangesMutation,
    OrderEditsMutation,
    PaymentsMutation,
    AccountingMutation,
    VouchersMutation,
    SourcingOverridesMutation,
    ShipmentsMutation,
    ReturnsMutation,
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
    SourcingRulesMutation,
    SourcingTrialsMutation,
    NotificationsMutation,
):
    """All root fields that change something."""


class Schema(strawberry.Schema):
    """Knows the documents that it was asked to run (`documents`), which of them are trusted
    (`manifest`), who may run which (`policy`), and how to make what they select (`plans`; None: as
    graphql-core does).

    Errors are logged where they are masked (`app.faults`), once, and nowhere else.
    """

    def __init__(self, query: type, *, policy: Policy | None = None, **given: Any) -> None:
        super().__init__(query, **given)
        self.policy = policy or Policy(open_introspection=True)
        self.documents = Documents(self._schema)
        self.plans: Plans | None = Plans()
        self.manifest = Manifest()

    def trust(self, manifest: Manifest) -> None:
        """From now on these documents are trusted; all of them are parsed and validated here.

        Raises:
            SettingsError: one is not valid.
        """
        for key, text in manifest.texts.items():
            if errors := self.documents.trust(text):
                reason = errors[0].message
                raise SettingsError(f"UNICO_TRUSTED_DOCUMENTS: sha256:{key} is no good: {reason}")
        self.manifest = manifest

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
    """The schema as this installation serves it, over these root types.

    Raises:
        SettingsError: the manifest of trusted documents is no good.
    """
    policy = Policy(settings.introspection, frozenset(settings.trusted_only_roles))
    schema = Schema(
        query=query,
        policy=policy,
        mutation=mutation,
        subscription=subscription,
        execution_context_class=LeanExecutor,
        config=_config(disable_field_suggestions=not settings.is_development),
        extensions=[
            MaskedErrors,
            OperationScope.factory(settings.operation_timeout_s),
            DocumentLimits.factory(policy),
        ],
    )
    if settings.trusted_documents is not None:
        schema.trust(Manifest.load(settings.trusted_documents))
    return schema


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
