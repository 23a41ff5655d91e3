"""Stock came in: units that wait for it get it at once, not at the next sweep."""

from domain.fulfillment.filling import fill_promptly
from schema.context import Context


async def fill(context: Context) -> None:
    """Waiting units have what there is for them."""
    services = context.services
    await fill_promptly(services.database, services.terms)
