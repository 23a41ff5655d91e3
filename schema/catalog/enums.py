"""Kinds of channels, described."""

from domain.catalog.model import ChannelKind
from schema.enums import described

described(
    ChannelKind,
    "How customers meet the retailer on a channel.",
    {
        "WEB": "A web shop or an app.",
        "POS": "Tills in stores.",
        "CALL_CENTER": "Agents who take orders by phone.",
        "MARKETPLACE": "A marketplace of somebody else.",
        "SOCIAL": "A social network.",
    },
)

__all__ = ["ChannelKind"]
