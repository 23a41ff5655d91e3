"""Decisions in Spanish. Pure."""

import re
from collections.abc import Sequence
from datetime import date

from domain.sourcing.decision import CostKind, EliminationReason
from domain.sourcing.wording.voice import Comparison, Goods, LeftOut, Price, Voice

_ORDINALS = {2: "segundo", 3: "tercer", 4: "cuarto"}
_SOUNDS_LIKE_I = re.compile(r"h?[iíy](?![aeouáéóú])", re.IGNORECASE)
_TERMS = {
    CostKind.PARCEL: "paquete",
    CostKind.SHIPPING: "envío",
    CostKind.DISTANCE: "distancia",
    CostKind.HANDLING: "preparación",
    CostKind.RISK: "riesgo de existencias",
    CostKind.MARKDOWN: "rebaja evitada",
    CostKind.PREFERENCE: "preferencia de las reglas",
    CostKind.LATENESS: "retraso",
    CostKind.UNFILLED: "unidades sin servir",
}
_DEARER = {
    CostKind.PARCEL: "un paquete desde allí cuesta más",
    CostKind.SHIPPING: "el envío cuesta más",
    CostKind.DISTANCE: "el trayecto es más largo",
    CostKind.HANDLING: "allí la preparación cuesta más",
    CostKind.RISK: "allí los datos de existencias son menos fiables",
    CostKind.MARKDOWN: "se evitarían menos rebajas",
    CostKind.PREFERENCE: "las reglas prefieren las ubicaciones elegidas",
    CostKind.LATENESS: "desde allí la entrega llega más tarde",
    CostKind.UNFILLED: "quedarían más unidades sin servir",
}
_CHEAPER = {
    CostKind.PARCEL: "un paquete desde allí cuesta menos",
    CostKind.SHIPPING: "el envío cuesta menos",
    CostKind.DISTANCE: "el trayecto es más corto",
    CostKind.HANDLING: "allí la preparación cuesta menos",
    CostKind.RISK: "allí los datos de existencias son más fiables",
    CostKind.MARKDOWN: "se evitarían más rebajas",
    CostKind.PREFERENCE: "las reglas prefieren estas ubicaciones",
    CostKind.LATENESS: "desde allí la entrega llega antes",
    CostKind.UNFILLED: "quedarían menos unidades sin servir",
}
_PHRASES = {
    "and": "y",
    "not": "no",
    "trust": "fiabilidad",
    "at least": "al menos",
    "at most": "como máximo",
    "below": "por debajo de",
    "any of": "una de las etiquetas",
    "all of": "todas las etiquetas",
    "none of": "ninguna de las etiquetas",
    "no tags": "sin etiquetas",
    "in": "entre",
    "not in": "no entre",
    "other than": "distinto de",
    "every location": "cualquier ubicación",
    "unknown km": "distancia desconocida",
    "where it is collected": "donde se recoge",
    "elsewhere": "en otro lugar",
}
_LIMITS = {
    "MAX_PARCELS": "Un plan con más paquetes costaría menos, pero las reglas limitan su número.",
    "SHARE": "Un plan más barato tomaría de una sola ubicación más unidades de las que permiten "
    "las reglas.",
    "RULES": "Sin las reglas que prohíben ubicaciones sería posible un plan más barato.",
    "CAPACITY": "Un plan más barato usaría una ubicación que hoy ha agotado su capacidad.",
}


class Spanish(Voice):
    """Numbers such as 1234,50 and 12.345,60: four digits stand together (Ortografía de la lengua
    española, 2010).
    """

    decimal_mark = ","
    group_mark = "."
    grouped_from = 10_000
    terms = _TERMS
    dearer = _DEARER
    cheaper = _CHEAPER
    phrases = _PHRASES
    limits = _LIMITS

    def listed(self, parts: Sequence[str]) -> str:
        """`A, B y C`; `e` before the sound of an i."""
        if len(parts) == 1:
            return parts[0]
        joint = "e" if _SOUNDS_LIKE_I.match(parts[-1]) else "y"
        return f"{', '.join(parts[:-1])} {joint} {parts[-1]}"

    def units(self, quantity: int) -> str:
        """`1 unidad`, `2 unidades`."""
        return f"{self.number(quantity)} {'unidad' if quantity == 1 else 'unidades'}"

    def overridden(self, by: str, reason: str) -> str:
        """As `Voice.overridden`."""
        return f"{by} eligió estas ubicaciones: «{reason}»."

    def override_costs(self, delta_minor: int) -> str:
        """As `Voice.override_costs`."""
        amount = self.money(abs(delta_minor))
        if delta_minor == 0:
            return "Esta elección cuesta lo mismo que el mejor plan."
        if delta_minor > 0:
            return f"Esta elección cuesta {amount} más que el mejor plan."
        return f"Esta elección cuesta {amount} menos que el mejor plan."

    def again(self) -> str:
        """As `Voice.again`."""
        return "Es una nueva decisión para unidades que estaban en espera."

    def serves(
        self, place: str, goods: Sequence[Goods], distance_km: float | None, price: Price
    ) -> str:
        """As `Voice.serves`."""
        cost = f"por {self.priced(price)}" if price.terms or price.amount_minor else "sin coste"
        if distance_km is None:
            return f"{place} sirve {self.goods(goods)} {cost}."
        way = f"a {self.km(distance_km)} de la dirección"
        return f"{place} sirve {self.goods(goods)}, {way}, {cost}."

    def late(self, place: str, days: int) -> str:
        """As `Voice.late`."""
        count = f"{self.number(days)} {'día' if days == 1 else 'días'}"
        return f"Desde {place} la mercancía llega con un retraso de hasta {count}."

    def waits(self, place: str, day: date) -> str:
        """As `Voice.waits`."""
        return (
            f"{place} espera la mercancía el {day:%d/%m/%Y}: las unidades esperan hasta entonces."
        )

    def leaves_complete(self) -> str:
        """As `Voice.leaves_complete`."""
        return "Nada del pedido sale antes de que pueda salir todo: lo que hay queda reservado."

    def nobody_serves(self) -> str:
        """As `Voice.nobody_serves`."""
        return "En este plan ninguna ubicación sirve nada."

    def whole_plan(self, parcels: int, price: Price) -> str:
        """As `Voice.whole_plan`."""
        if parcels == 0:
            return f"El plan completo equivale a {self.priced(price)}."
        return f"El plan completo, con {self._parcels(parcels)}, cuesta {self.priced(price)}."

    def unfilled(self, goods: Sequence[Goods]) -> str:
        """As `Voice.unfilled`."""
        return f"Por ahora ninguna ubicación sirve {self.goods(goods)}."

    def compared(self, other: Comparison) -> str:
        """As `Voice.compared`."""
        subject = self.listed(other.places) if other.places else "No servir nada"
        verb = "costarían" if len(other.places) > 1 else "costaría"
        amount, because = self.money(abs(other.delta_minor)), self.because(other)
        if other.delta_minor == 0 and other.parcels > other.chosen_parcels:
            counts = f"{self._parcels(other.parcels)} en vez de {other.chosen_parcels}"
            return f"{subject} {verb} lo mismo, pero con {counts}."
        if other.delta_minor == 0:
            return f"{subject} {verb} lo mismo; el plan elegido va antes por preferencia."
        claim = f"{subject} {verb} {amount} {'más' if other.delta_minor > 0 else 'menos'}"
        return f"{claim}, porque {because}." if because else f"{claim}."

    def parcels_instead(self, parcels: int, chosen: int) -> str:
        """As `Voice.parcels_instead`."""
        if parcels == chosen + 1 and parcels in _ORDINALS:
            return f"se abriría un {_ORDINALS[parcels]} paquete"
        verb = "haría falta" if parcels == 1 else "harían falta"
        return f"{verb} {self._parcels(parcels)} en vez de {self.number(chosen)}"

    def left_out(self, given: LeftOut) -> str:
        """As `Voice.left_out`."""
        places = self.listed(given.places)
        compared = self.against(given.value, given.threshold)
        match given.reason:
            case EliminationReason.NO_STOCK:
                return f"{places}: fuera del plan por falta de existencias."
            case EliminationReason.FAILED_BEFORE:
                return f"{places}: fuera del plan, porque allí ya faltaron estas unidades."
            case EliminationReason.AT_CAPACITY if compared:
                used, limit = compared
                orders = f"{used} de {limit} órdenes de preparación hoy"
                return f"{places}: fuera del plan por capacidad agotada, {orders}."
            case EliminationReason.AT_CAPACITY:
                return f"{places}: fuera del plan por capacidad agotada."
            case EliminationReason.RULE:
                rule = f"la regla «{given.rule}»" if given.rule else "una regla"
                facts = f" ({compared[0]} contra {compared[1]})" if compared else ""
                return f"{places}: fuera del plan por {rule}{facts}."

    def parcels_ruled(self, rule: str) -> str:
        """As `Voice.parcels_ruled`."""
        return f"Un plan con más paquetes costaría menos, pero la regla «{rule}» limita su número."

    def other_limit(self, name: str) -> str:
        """As `Voice.other_limit`."""
        return f"Sin el límite {name} sería posible un plan más barato."

    def proved(self, bound_minor: int | None, nodes: int) -> str:
        """As `Voice.proved`."""
        claim = "Ningún plan cuesta menos"
        if bound_minor is not None:
            claim = f"El mejor plan cuesta {self.money(bound_minor)}"
        if nodes == 0:
            return f"{claim}."
        return f"{claim}: demostrado sobre {self._combinations(nodes)}."

    def out_of_time(self, gap_minor: int, nodes: int) -> str:
        """As `Voice.out_of_time`."""
        gap, tried = self.money(gap_minor), self._combinations(nodes)
        return (
            f"El tiempo se agotó tras {tried}: este plan cuesta como máximo {gap} más que el mejor "
            "posible."
        )

    def ruled(self, name: str, number: int) -> str:
        """As `Voice.ruled`."""
        return f"Decidió el conjunto de reglas «{name}», versión {self.number(number)}."

    def by_costs_alone(self) -> str:
        """As `Voice.by_costs_alone`."""
        return "Sin conjunto de reglas: decidieron los costes estándar."

    def _parcels(self, count: int) -> str:
        return f"{self.number(count)} {'paquete' if count == 1 else 'paquetes'}"

    def _combinations(self, count: int) -> str:
        return f"{self.number(count)} {'combinación' if count == 1 else 'combinaciones'}"
