"""Decisions in Italian. Pure."""

from collections.abc import Sequence
from datetime import date

from domain.sourcing.decision import CostKind, EliminationReason
from domain.sourcing.wording.voice import Comparison, Goods, LeftOut, Price, Voice

_ORDINALS = {2: "secondo", 3: "terzo", 4: "quarto"}
_TERMS = {
    CostKind.PARCEL: "pacco",
    CostKind.SHIPPING: "spedizione",
    CostKind.DISTANCE: "distanza",
    CostKind.HANDLING: "lavorazione",
    CostKind.RISK: "rischio di giacenza",
    CostKind.MARKDOWN: "ribasso evitato",
    CostKind.PREFERENCE: "preferenza delle regole",
    CostKind.LATENESS: "ritardo",
    CostKind.UNFILLED: "unità inevase",
}
_DEARER = {
    CostKind.PARCEL: "un pacco da lì costa di più",
    CostKind.SHIPPING: "la spedizione costa di più",
    CostKind.DISTANCE: "il tragitto è più lungo",
    CostKind.HANDLING: "lì la lavorazione costa di più",
    CostKind.RISK: "lì i dati di giacenza sono meno affidabili",
    CostKind.MARKDOWN: "si eviterebbero meno ribassi",
    CostKind.PREFERENCE: "le regole preferiscono le sedi scelte",
    CostKind.LATENESS: "da lì la consegna arriva più tardi",
    CostKind.UNFILLED: "resterebbero inevase più unità",
}
_CHEAPER = {
    CostKind.PARCEL: "un pacco da lì costa di meno",
    CostKind.SHIPPING: "la spedizione costa di meno",
    CostKind.DISTANCE: "il tragitto è più breve",
    CostKind.HANDLING: "lì la lavorazione costa di meno",
    CostKind.RISK: "lì i dati di giacenza sono più affidabili",
    CostKind.MARKDOWN: "si eviterebbero più ribassi",
    CostKind.PREFERENCE: "le regole preferiscono queste sedi",
    CostKind.LATENESS: "da lì la consegna arriva prima",
    CostKind.UNFILLED: "resterebbero inevase meno unità",
}
_PHRASES = {
    "and": "e",
    "not": "non",
    "trust": "affidabilità",
    "at least": "almeno",
    "at most": "al massimo",
    "below": "sotto",
    "any of": "una delle etichette",
    "all of": "tutte le etichette",
    "none of": "nessuna delle etichette",
    "no tags": "senza etichette",
    "in": "tra",
    "not in": "non tra",
    "other than": "diverso da",
    "every location": "ogni sede",
    "unknown km": "distanza ignota",
    "where it is collected": "dove si ritira",
    "elsewhere": "altrove",
}
_LIMITS = {
    "MAX_PARCELS": "Un piano con più pacchi costerebbe meno, ma le regole ne limitano il numero.",
    "SHARE": "Un piano meno caro prenderebbe da una sola sede più unità di quante le regole "
    "consentano.",
    "RULES": "Senza le regole che vietano alcune sedi sarebbe possibile un piano meno caro.",
    "CAPACITY": "Un piano meno caro userebbe una sede che oggi ha esaurito la sua capacità.",
}


class Italian(Voice):
    """Numbers such as 1.234,50."""

    decimal_mark = ","
    group_mark = "."
    terms = _TERMS
    dearer = _DEARER
    cheaper = _CHEAPER
    phrases = _PHRASES
    limits = _LIMITS

    def listed(self, parts: Sequence[str]) -> str:
        """`A, B e C`; `ed` before another e."""
        if len(parts) == 1:
            return parts[0]
        joint = "ed" if parts[-1][:1].lower() in ("e", "è", "é") else "e"
        return f"{', '.join(parts[:-1])} {joint} {parts[-1]}"

    def units(self, quantity: int) -> str:
        """`1 unità`, `2 unità`."""
        return f"{self.number(quantity)} unità"

    def overridden(self, by: str, reason: str) -> str:
        """As `Voice.overridden`."""
        return f"{by} ha scelto queste sedi: «{reason}»."

    def override_costs(self, delta_minor: int) -> str:
        """As `Voice.override_costs`."""
        amount = self.money(abs(delta_minor))
        if delta_minor == 0:
            return "Questa scelta costa quanto il piano migliore."
        if delta_minor > 0:
            return f"Questa scelta costa {amount} in più del piano migliore."
        return f"Questa scelta costa {amount} in meno del piano migliore."

    def again(self) -> str:
        """As `Voice.again`."""
        return "È una nuova decisione per unità che erano in attesa."

    def serves(
        self, place: str, goods: Sequence[Goods], distance_km: float | None, price: Price
    ) -> str:
        """As `Voice.serves`."""
        cost = f"per {self.priced(price)}" if price.terms or price.amount_minor else "senza costi"
        if distance_km is None:
            return f"{place} serve {self.goods(goods)} {cost}."
        return (
            f"{place} serve {self.goods(goods)}, a {self.km(distance_km)} dall’indirizzo, {cost}."
        )

    def late(self, place: str, days: int) -> str:
        """As `Voice.late`."""
        count = f"{self.number(days)} {'giorno' if days == 1 else 'giorni'}"
        return f"Da {place} la merce arriva con un ritardo fino a {count}."

    def waits(self, place: str, day: date) -> str:
        """As `Voice.waits`."""
        return f"{place} attende la merce per il {day:%d/%m/%Y}: le unità aspettano fino ad allora."

    def leaves_complete(self) -> str:
        """As `Voice.leaves_complete`."""
        return "Nulla dell'ordine parte prima che possa partire tutto: ciò che c'è resta riservato."

    def nobody_serves(self) -> str:
        """As `Voice.nobody_serves`."""
        return "In questo piano nessuna sede serve nulla."

    def whole_plan(self, parcels: int, price: Price) -> str:
        """As `Voice.whole_plan`."""
        if parcels == 0:
            return f"L’intero piano vale {self.priced(price)}."
        return f"L’intero piano, con {self._parcels(parcels)}, costa {self.priced(price)}."

    def unfilled(self, goods: Sequence[Goods]) -> str:
        """As `Voice.unfilled`."""
        return f"Per ora nessuna sede serve {self.goods(goods)}."

    def compared(self, other: Comparison) -> str:
        """As `Voice.compared`."""
        subject = self.listed(other.places) if other.places else "Non servire nulla"
        verb = "costerebbero" if len(other.places) > 1 else "costerebbe"
        amount, because = self.money(abs(other.delta_minor)), self.because(other)
        if other.delta_minor == 0 and other.parcels > other.chosen_parcels:
            counts = f"{self._parcels(other.parcels)} invece di {other.chosen_parcels}"
            return f"{subject} {verb} lo stesso, ma con {counts}."
        if other.delta_minor == 0:
            return f"{subject} {verb} lo stesso; il piano scelto viene prima per preferenza."
        claim = f"{subject} {verb} {amount} {'in più' if other.delta_minor > 0 else 'in meno'}"
        return f"{claim}, perché {because}." if because else f"{claim}."

    def parcels_instead(self, parcels: int, chosen: int) -> str:
        """As `Voice.parcels_instead`."""
        if parcels == chosen + 1 and parcels in _ORDINALS:
            return f"si aprirebbe un {_ORDINALS[parcels]} pacco"
        verb = "servirebbe" if parcels == 1 else "servirebbero"
        return f"{verb} {self._parcels(parcels)} invece di {self.number(chosen)}"

    def left_out(self, given: LeftOut) -> str:
        """As `Voice.left_out`."""
        places = self.listed(given.places)
        compared = self.against(given.value, given.threshold)
        match given.reason:
            case EliminationReason.NO_STOCK:
                return f"{places}: fuori dal piano per mancanza di giacenza."
            case EliminationReason.FAILED_BEFORE:
                return f"{places}: fuori dal piano, perché lì queste unità sono già mancate."
            case EliminationReason.AT_CAPACITY if compared:
                used, limit = compared
                orders = f"{used} ordini di evasione su {limit} oggi"
                return f"{places}: fuori dal piano per capacità esaurita, {orders}."
            case EliminationReason.AT_CAPACITY:
                return f"{places}: fuori dal piano per capacità esaurita."
            case EliminationReason.RULE:
                rule = f"la regola «{given.rule}»" if given.rule else "una regola"
                facts = f" ({compared[0]} contro {compared[1]})" if compared else ""
                return f"{places}: fuori dal piano per {rule}{facts}."

    def parcels_ruled(self, rule: str) -> str:
        """As `Voice.parcels_ruled`."""
        return (
            f"Un piano con più pacchi costerebbe meno, ma la regola «{rule}» ne limita il numero."
        )

    def other_limit(self, name: str) -> str:
        """As `Voice.other_limit`."""
        return f"Senza il limite {name} sarebbe possibile un piano meno caro."

    def proved(self, bound_minor: int | None, nodes: int) -> str:
        """As `Voice.proved`."""
        claim = "Nessun piano costa meno"
        if bound_minor is not None:
            claim = f"Il piano migliore costa {self.money(bound_minor)}"
        if nodes == 0:
            return f"{claim}."
        return f"{claim}: dimostrato su {self._combinations(nodes)}."

    def out_of_time(self, gap_minor: int, nodes: int) -> str:
        """As `Voice.out_of_time`."""
        gap, tried = self.money(gap_minor), self._combinations(nodes)
        return (
            f"Il tempo è scaduto dopo {tried}: questo piano costa al massimo {gap} in più del "
            "migliore possibile."
        )

    def ruled(self, name: str, number: int) -> str:
        """As `Voice.ruled`."""
        return f"Ha deciso l’insieme di regole «{name}», versione {self.number(number)}."

    def by_costs_alone(self) -> str:
        """As `Voice.by_costs_alone`."""
        return "Nessun insieme di regole: hanno deciso i costi standard."

    def _parcels(self, count: int) -> str:
        return f"{self.number(count)} {'pacco' if count == 1 else 'pacchi'}"

    def _combinations(self, count: int) -> str:
        return f"{self.number(count)} {'combinazione' if count == 1 else 'combinazioni'}"
