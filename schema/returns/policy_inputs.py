"""Inputs of the mutations that set what is allowed of returns."""

from decimal import Decimal

import strawberry
from strawberry import relay

from domain.common.ids import ChannelCode, LocationId
from domain.returns import commands
from schema.ids import id_of
from schema.inputs import KEY, VERSION
from schema.money import MoneyInput
from schema.returns.enums import ItemCondition, ReturnDisposition


@strawberry.input(description="What a channel allows of returns, as a whole. See ReturnPolicy.")
class SetReturnPolicyInput:
    """Twin of SetReturnPolicy."""

    idempotency_key: str = strawberry.field(description=KEY)
    channel: str | None = strawberry.field(
        default=None, description="Code of the channel; all others when left out."
    )
    window_days: int = strawberry.field(default=30, description="0 to 3650.")
    days_to_send: int = strawberry.field(default=14, description="0 to 3650.")
    authorises: bool = strawberry.field(default=True, description="Without staff.")
    final_sale_tags: list[str] = strawberry.field(
        default_factory=lambda: ["final_sale"], description="Tags of what is not taken back."
    )
    restocking_fee: Decimal = strawberry.field(
        default=Decimal(0), description="0 to 1, at most 4 decimals."
    )
    damage_deduction: Decimal = strawberry.field(
        default=Decimal(0), description="0 to 1, at most 4 decimals."
    )
    refunds_shipping: bool = strawberry.field(default=True, description="With the units' part.")
    no_receipt_limits: list[MoneyInput] = strawberry.field(
        default_factory=list[MoneyInput], description="One for a currency."
    )
    no_receipt_days: int = strawberry.field(default=90, description="0 to 3650.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.SetReturnPolicy:
        """The command."""
        limits = [given.to_domain() for given in self.no_receipt_limits]
        return commands.SetReturnPolicy(
            idempotency_key=self.idempotency_key,
            channel=ChannelCode(self.channel) if self.channel else None,
            window_days=self.window_days,
            days_to_send=self.days_to_send,
            authorises=self.authorises,
            final_sale_tags=tuple(self.final_sale_tags),
            restocking_fee=self.restocking_fee,
            damage_deduction=self.damage_deduction,
            refunds_shipping=self.refunds_shipping,
            no_receipt_limits=tuple((each.currency, each.amount_minor) for each in limits),
            no_receipt_days=self.no_receipt_days,
            expected_version=self.expected_version,
        )


@strawberry.input(description="What is done with returned goods in one condition.")
class DispositionRuleInput:
    """An entry of SetDispositionRules."""

    condition: ItemCondition = strawberry.field(description="What the goods are like.")
    disposition: ReturnDisposition = strawberry.field(description="Where they go.")


@strawberry.input(description="What a location does with returned goods, as a whole.")
class SetDispositionRulesInput:
    """Twin of SetDispositionRules."""

    idempotency_key: str = strawberry.field(description=KEY)
    location_id: relay.GlobalID = strawberry.field(description="The location.")
    rules: list[DispositionRuleInput] = strawberry.field(
        description="Each condition once at most; for others the usual rules hold."
    )
    transfer_to_short: bool = strawberry.field(
        default=False,
        description="What would be restocked goes to a store that ran out of it, if there is one.",
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> commands.SetDispositionRules:
        """The command."""
        return commands.SetDispositionRules(
            idempotency_key=self.idempotency_key,
            location_id=LocationId(id_of(self.location_id, "Location", "locationId")),
            rules=tuple((rule.condition, rule.disposition) for rule in self.rules),
            transfer_to_short=self.transfer_to_short,
            expected_version=self.expected_version,
        )
