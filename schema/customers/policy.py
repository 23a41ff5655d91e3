"""Who sees customers."""

from domain.identity.model import HEAD_OFFICE, Role

KNOWING = (*sorted(HEAD_OFFICE), Role.POS, Role.STORE_MANAGER, Role.CHANNEL, Role.CUSTOMER)
"""Roles that see customers at all, each in its scope."""
