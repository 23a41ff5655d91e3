"""Every table of the house, imported once so that `metadata` is complete."""

from domain.accounting import tables as accounting
from domain.carriers import tables as carriers
from domain.catalog import tables as catalog
from domain.common.tables import metadata
from domain.counting import tables as counting
from domain.customers import tables as customers
from domain.editing import tables as editing
from domain.events import tables as events
from domain.fulfillment import tables as fulfillment
from domain.identity import tables as identity
from domain.imports import tables as imports
from domain.integrations import tables as integrations
from domain.locations import tables as locations
from domain.notifications import tables as notifications
from domain.orders import tables as orders
from domain.payments import psp_tables
from domain.payments import tables as payments
from domain.promotions import tables as promotions
from domain.purchasing import tables as purchasing
from domain.returns import tables as returns
from domain.shipments import tables as shipments
from domain.sourcing import tables as sourcing
from domain.stock import tables as stock
from domain.supply import tables as supply
from domain.transfers import tables as transfers
from domain.trials import tables as trials
from domain.vouchers import tables as vouchers

AREAS = (
    accounting,
    carriers,
    catalog,
    counting,
    customers,
    editing,
    events,
    fulfillment,
    identity,
    imports,
    integrations,
    locations,
    notifications,
    orders,
    payments,
    promotions,
    psp_tables,
    purchasing,
    returns,
    shipments,
    sourcing,
    stock,
    supply,
    transfers,
    trials,
    vouchers,
)

__all__ = ["AREAS", "metadata"]
