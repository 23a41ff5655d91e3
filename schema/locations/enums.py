"""Kinds of locations, described."""

from domain.locations.model import LocationKind
from schema.enums import described

described(
    LocationKind,
    "What a location is to the retailer.",
    {
        "STORE": "A shop that customers visit.",
        "DC": "A distribution centre.",
        "DARK_STORE": "A store-like place that only serves orders.",
        "SUPPLIER": "A supplier that ships orders directly.",
        "MARKETPLACE": "A warehouse of a marketplace that holds the retailer's goods.",
        "RESELLER": "A partner's shop.",
    },
)

__all__ = ["LocationKind"]
