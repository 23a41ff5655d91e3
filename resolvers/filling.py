"""Stock came in, or is expected: units that wait get it, or a promise of it, at once and not at
the next sweep.
"""

from domain.fulfillment.filling import fill_promptly
from domain.orders.renewing import renew_promptly
from schema.context import Context


async def fill(context: Context) -> None:
    """Waiting units have what there is for them; the others are promised what comes in."""
    services = context.services
    await fill_promptly(services.database, services.terms)
    await renew_promptly(services.database, services.terms.sourcing)
