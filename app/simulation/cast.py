"""Everybody who plays a part, each with a token of the narrowest scope that does."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from strawberry import relay

from app.auth.tokens import LocalIssuer
from app.client import Caller
from domain.common.ids import ChannelCode, CustomerId, LocationId
from domain.identity.model import Actor, Role

LIFETIME = timedelta(hours=8)
"""Of a token: longer than a simulation takes in real time."""


class Cast:
    """Callers by part; each has its own token, made when it first speaks."""

    def __init__(self, issuer: LocalIssuer, connect: Callable[[str], Caller]) -> None:
        self._issuer = issuer
        self._connect = connect
        self._known: dict[str, Caller] = {}
        self.admin = self._caller(Actor("sim-admin", Role.ADMIN))
        self.operations = self._caller(Actor("sim-operations", Role.OPERATIONS))
        self.agent = self._caller(Actor("sim-agent", Role.CALL_CENTER))

    def channel(self, code: str) -> Caller:
        """The integration of a sales channel."""
        return self._caller(
            Actor(f"sim-{code}", Role.CHANNEL, channel_codes=frozenset({ChannelCode(code)}))
        )

    def carrier(self) -> Caller:
        """Who passes on what carriers report."""
        return self.operations

    def till(self, location: str) -> Caller:
        """The POS of a store, given by its global id."""
        return self._at(Role.POS, location)

    def manager(self, location: str) -> Caller:
        """Who runs a store."""
        return self._at(Role.STORE_MANAGER, location)

    def warehouse(self, location: str) -> Caller:
        """Who works in a distribution centre."""
        return self._at(Role.WAREHOUSE, location)

    def customer(self, customer: str) -> Caller:
        """The customer with that global id, in its own app."""
        key = CustomerId(UUID(relay.GlobalID.from_id(customer).node_id))
        return self._caller(Actor(str(key), Role.CUSTOMER, customer_id=key))

    def _at(self, role: Role, location: str) -> Caller:
        place = LocationId(UUID(relay.GlobalID.from_id(location).node_id))
        return self._caller(Actor(f"sim-{role.value}-{place}", role, frozenset({place})))

    def _caller(self, actor: Actor) -> Caller:
        name = f"{actor.role.value} {actor.subject}"
        if name not in self._known:
            self._known[name] = self._connect(self._issuer.issue(actor, LIFETIME))
        return self._known[name]
