"""Decisions in English. Pure."""

from collections.abc import Sequence
from datetime import date

from domain.sourcing.decision import CostKind, EliminationReason
from domain.sourcing.wording.voice import Comparison, Goods, LeftOut, Price, Voice

_ORDINALS = {2: "second", 3: "third", 4: "fourth"}
_TERMS = {
    CostKind.PARCEL: "parcel",
    CostKind.SHIPPING: "shipping",
    CostKind.DISTANCE: "distance",
    CostKind.HANDLING: "handling",
    CostKind.RISK: "stock risk",
    CostKind.MARKDOWN: "markdown avoided",
    CostKind.PREFERENCE: "preference of the rules",
    CostKind.LATENESS: "late delivery",
    CostKind.UNFILLED: "unfilled units",
}
_DEARER = {
    CostKind.PARCEL: "a parcel from there costs more",
    CostKind.SHIPPING: "shipping costs more",
    CostKind.DISTANCE: "the way is longer",
    CostKind.HANDLING: "handling costs more there",
    CostKind.RISK: "the stock figures there are less certain",
    CostKind.MARKDOWN: "fewer markdowns would be avoided",
    CostKind.PREFERENCE: "the rules prefer the chosen locations",
    CostKind.LATENESS: "from there it comes later",
    CostKind.UNFILLED: "more units would stay unfilled",
}
_CHEAPER = {
    CostKind.PARCEL: "a parcel from there costs less",
    CostKind.SHIPPING: "shipping costs less",
    CostKind.DISTANCE: "the way is shorter",
    CostKind.HANDLING: "handling costs less there",
    CostKind.RISK: "the stock figures there are more certain",
    CostKind.MARKDOWN: "more markdowns would be avoided",
    CostKind.PREFERENCE: "the rules prefer these locations",
    CostKind.LATENESS: "from there it comes sooner",
    CostKind.UNFILLED: "fewer units would stay unfilled",
}
_LIMITS = {
    "MAX_PARCELS": "A plan with more parcels would cost less, but the rules limit them.",
    "SHARE": "A cheaper plan would take more of the units from one location than the rules allow.",
    "RULES": "Without the rules that forbid locations a cheaper plan would be possible.",
    "CAPACITY": "A cheaper plan would use a location that is at capacity today.",
}


class English(Voice):
    """Numbers such as 1,234.50."""

    decimal_mark = "."
    group_mark = ","
    terms = _TERMS
    dearer = _DEARER
    cheaper = _CHEAPER
    limits = _LIMITS

    def listed(self, parts: Sequence[str]) -> str:
        """`A, B and C`."""
        return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]

    def units(self, quantity: int) -> str:
        """`1 unit`, `2 units`."""
        return f"{self.number(quantity)} {'unit' if quantity == 1 else 'units'}"

    def overridden(self, by: str, reason: str) -> str:
        """As `Voice.overridden`."""
        return f"{by} chose these locations: “{reason}”."

    def override_costs(self, delta_minor: int) -> str:
        """As `Voice.override_costs`."""
        amount = self.money(abs(delta_minor))
        if delta_minor == 0:
            return "This choice costs as much as the best plan."
        if delta_minor > 0:
            return f"This choice costs {amount} more than the best plan."
        return f"This choice costs {amount} less than the best plan."

    def again(self) -> str:
        """As `Voice.again`."""
        return "This is a new decision for units that were waiting."

    def serves(
        self, place: str, goods: Sequence[Goods], distance_km: float | None, price: Price
    ) -> str:
        """As `Voice.serves`."""
        cost = f"for {self.priced(price)}" if price.terms or price.amount_minor else "at no cost"
        if distance_km is None:
            return f"{place} serves {self.goods(goods)} {cost}."
        return (
            f"{place} serves {self.goods(goods)}, {self.km(distance_km)} from the address, {cost}."
        )

    def late(self, place: str, days: int) -> str:
        """As `Voice.late`."""
        count = f"{self.number(days)} {'day' if days == 1 else 'days'}"
        return f"From {place} the goods come up to {count} late."

    def waits(self, place: str, day: date) -> str:
        """As `Voice.waits`."""
        return f"{place} expects it on {day.isoformat()}: these units wait until then."

    def leaves_complete(self) -> str:
        """As `Voice.leaves_complete`."""
        return "Nothing of the order leaves before all of it can: what there is is kept for it."

    def nobody_serves(self) -> str:
        """As `Voice.nobody_serves`."""
        return "No location serves anything in this plan."

    def whole_plan(self, parcels: int, price: Price) -> str:
        """As `Voice.whole_plan`."""
        if parcels == 0:
            return f"The whole plan counts as {self.priced(price)}."
        return f"The whole plan, with {self._parcels(parcels)}, costs {self.priced(price)}."

    def unfilled(self, goods: Sequence[Goods]) -> str:
        """As `Voice.unfilled`."""
        return f"For now no location serves {self.goods(goods)}."

    def compared(self, other: Comparison) -> str:
        """As `Voice.compared`."""
        subject = self.listed(other.places) if other.places else "Serving nothing"
        amount, because = self.money(abs(other.delta_minor)), self.because(other)
        if other.delta_minor == 0 and other.parcels > other.chosen_parcels:
            counts = f"{self._parcels(other.parcels)} instead of {other.chosen_parcels}"
            return f"{subject} would cost the same, but with {counts}."
        if other.delta_minor == 0:
            return f"{subject} would cost the same; the chosen plan comes first by preference."
        claim = f"{subject} would cost {amount} {'more' if other.delta_minor > 0 else 'less'}"
        return f"{claim}, because {because}." if because else f"{claim}."

    def parcels_instead(self, parcels: int, chosen: int) -> str:
        """As `Voice.parcels_instead`."""
        if parcels == chosen + 1 and parcels in _ORDINALS:
            return f"that would open a {_ORDINALS[parcels]} parcel"
        return f"that would take {self._parcels(parcels)} instead of {self.number(chosen)}"

    def left_out(self, given: LeftOut) -> str:
        """As `Voice.left_out`."""
        places = self.listed(given.places)
        compared = self.against(given.value, given.threshold)
        match given.reason:
            case EliminationReason.NO_STOCK:
                return f"{places}: left out for lack of stock."
            case EliminationReason.FAILED_BEFORE:
                return f"{places}: left out, because these units failed there before."
            case EliminationReason.AT_CAPACITY if compared:
                used, limit = compared
                return (
                    f"{places}: left out at capacity, {used} of {limit} fulfillment orders today."
                )
            case EliminationReason.AT_CAPACITY:
                return f"{places}: left out at capacity."
            case EliminationReason.RULE:
                rule = f"the rule “{given.rule}”" if given.rule else "a rule"
                facts = f" ({compared[0]} against {compared[1]})" if compared else ""
                return f"{places}: left out by {rule}{facts}."

    def parcels_ruled(self, rule: str) -> str:
        """As `Voice.parcels_ruled`."""
        return f"A plan with more parcels would cost less, but the rule “{rule}” limits them."

    def other_limit(self, name: str) -> str:
        """As `Voice.other_limit`."""
        return f"Without the limit {name} a cheaper plan would be possible."

    def proved(self, bound_minor: int | None, nodes: int) -> str:
        """As `Voice.proved`."""
        claim = "No plan costs less"
        if bound_minor is not None:
            claim = f"The best plan costs {self.money(bound_minor)}"
        if nodes == 0:
            return f"{claim}."
        return f"{claim}: proved over {self._combinations(nodes)}."

    def out_of_time(self, gap_minor: int, nodes: int) -> str:
        """As `Voice.out_of_time`."""
        gap, tried = self.money(gap_minor), self._combinations(nodes)
        return f"Time ran out after {tried}: this plan is at most {gap} above the best possible."

    def ruled(self, name: str, number: int) -> str:
        """As `Voice.ruled`."""
        return f"The rule set “{name}” decided, version {self.number(number)}."

    def by_costs_alone(self) -> str:
        """As `Voice.by_costs_alone`."""
        return "No rule set applied: the standard costs decided."

    def _parcels(self, count: int) -> str:
        return f"{self.number(count)} {'parcel' if count == 1 else 'parcels'}"

    def _combinations(self, count: int) -> str:
        return f"{self.number(count)} {'combination' if count == 1 else 'combinations'}"
