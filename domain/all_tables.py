"""Every table of the house, imported once so that `metadata` is complete."""

import domain.catalog.tables
import domain.customers.tables
import domain.events.tables
import domain.identity.tables
import domain.integrations.tables
import domain.locations.tables
import domain.orders.tables
import domain.payments.tables
import domain.shipments.tables
import domain.stock.tables  # noqa: F401  (imported for their tables)
from domain.common.tables import metadata

__all__ = ["metadata"]
