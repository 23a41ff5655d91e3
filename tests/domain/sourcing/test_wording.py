"""Decisions in three languages: the texts, their grammar, and that no number is left out."""

import re
from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.common.ids import LocationId
from domain.common.money import exponent
from domain.sourcing.decision import EliminationReason, Override, Trace
from domain.sourcing.model import Trigger
from domain.sourcing.problem import Proof, ProofStatus
from domain.sourcing.wording.english import English
from domain.sourcing.wording.italian import Italian
from domain.sourcing.wording.sentences import Language, name_of, places_in, sentences
from domain.sourcing.wording.spanish import Spanish
from tests.domain.sourcing.examples import (
    CHOSEN_BY_HAND,
    MADRID,
    MILAN,
    NAMES,
    ONE,
    OVERRIDE,
    PARTIAL,
    ROME,
    SIMPLE,
    left_out,
    parcel,
    plan,
    trace,
    units,
)
from tests.domain.sourcing.random_decisions import MINOR, TRACES

# Lines that are indented go on where the line before them ends.
SIMPLE_EN = """
Roma Corso serves 2 × HAT, 1.4 km from the address, for 4.20 EUR: parcel 5.00 EUR,
  distance 0.20 EUR, markdown avoided -1.00 EUR.
Madrid would cost 4.10 EUR more, because the way is longer (1,364 km).
Madrid and Ibiza would cost 8.45 EUR more, because that would open a second parcel.
Milano: left out at capacity, 40 of 40 fulfillment orders today.
No plan costs less: proved over 1,234 combinations.
The rule set “Stores first” decided, version 3.
"""
SIMPLE_IT = """
Roma Corso serve 2 × HAT, a 1,4 km dall’indirizzo, per 4,20 EUR: pacco 5,00 EUR,
  distanza 0,20 EUR, ribasso evitato -1,00 EUR.
Madrid costerebbe 4,10 EUR in più, perché il tragitto è più lungo (1.364 km).
Madrid e Ibiza costerebbero 8,45 EUR in più, perché si aprirebbe un secondo pacco.
Milano: fuori dal piano per capacità esaurita, 40 ordini di evasione su 40 oggi.
Nessun piano costa meno: dimostrato su 1.234 combinazioni.
Ha deciso l’insieme di regole «Stores first», versione 3.
"""
SIMPLE_ES = """
Roma Corso sirve 2 × HAT, a 1,4 km de la dirección, por 4,20 EUR: paquete 5,00 EUR,
  distancia 0,20 EUR, rebaja evitada -1,00 EUR.
Madrid costaría 4,10 EUR más, porque el trayecto es más largo (1364 km).
Madrid e Ibiza costarían 8,45 EUR más, porque se abriría un segundo paquete.
Milano: fuera del plan por capacidad agotada, 40 de 40 órdenes de preparación hoy.
Ningún plan cuesta menos: demostrado sobre 1234 combinaciones.
Decidió el conjunto de reglas «Stores first», versión 3.
"""
PARTIAL_EN = """
This is a new decision for units that were waiting.
Roma Corso serves 2 × HAT, 1.4 km from the address, for 5.20 EUR: parcel 5.00 EUR,
  distance 0.20 EUR.
Madrid serves 1 × SCARF, 1,364 km from the address, for 8.10 EUR: parcel 5.00 EUR,
  distance 3.10 EUR.
The whole plan, with 2 parcels, costs 3,013.30 EUR: parcel 10.00 EUR, distance 3.30
  EUR, unfilled units 3,000.00 EUR.
For now no location serves 3 × SCARF.
Roma Corso would cost 991.90 EUR more, because more units would stay unfilled.
Milano and Ibiza: left out for lack of stock.
A plan with more parcels would cost less, but the rules limit them.
Without the limit ODD a cheaper plan would be possible.
Time ran out after 12,345 combinations: this plan is at most 0.40 EUR above the best
  possible.
No rule set applied: the standard costs decided.
"""
PARTIAL_IT = """
È una nuova decisione per unità che erano in attesa.
Roma Corso serve 2 × HAT, a 1,4 km dall’indirizzo, per 5,20 EUR: pacco 5,00 EUR,
  distanza 0,20 EUR.
Madrid serve 1 × SCARF, a 1.364 km dall’indirizzo, per 8,10 EUR: pacco 5,00 EUR,
  distanza 3,10 EUR.
L’intero piano, con 2 pacchi, costa 3.013,30 EUR: pacco 10,00 EUR, distanza 3,30
  EUR, unità inevase 3.000,00 EUR.
Per ora nessuna sede serve 3 × SCARF.
Roma Corso costerebbe 991,90 EUR in più, perché resterebbero inevase più unità.
Milano e Ibiza: fuori dal piano per mancanza di giacenza.
Un piano con più pacchi costerebbe meno, ma le regole ne limitano il numero.
Senza il limite ODD sarebbe possibile un piano meno caro.
Il tempo è scaduto dopo 12.345 combinazioni: questo piano costa al massimo 0,40 EUR
  in più del migliore possibile.
Nessun insieme di regole: hanno deciso i costi standard.
"""
PARTIAL_ES = """
Es una nueva decisión para unidades que estaban en espera.
Roma Corso sirve 2 × HAT, a 1,4 km de la dirección, por 5,20 EUR: paquete 5,00 EUR,
  distancia 0,20 EUR.
Madrid sirve 1 × SCARF, a 1364 km de la dirección, por 8,10 EUR: paquete 5,00 EUR,
  distancia 3,10 EUR.
El plan completo, con 2 paquetes, cuesta 3013,30 EUR: paquete 10,00 EUR, distancia
  3,30 EUR, unidades sin servir 3000,00 EUR.
Por ahora ninguna ubicación sirve 3 × SCARF.
Roma Corso costaría 991,90 EUR más, porque quedarían más unidades sin servir.
Milano e Ibiza: fuera del plan por falta de existencias.
Un plan con más paquetes costaría menos, pero las reglas limitan su número.
Sin el límite ODD sería posible un plan más barato.
El tiempo se agotó tras 12.345 combinaciones: este plan cuesta como máximo 0,40 EUR
  más que el mejor posible.
Sin conjunto de reglas: decidieron los costes estándar.
"""
BY_HAND_EN = """
olga chose these locations: “the customer is in Madrid”.
This choice costs 7.20 EUR more than the best plan.
Roma Corso serves 2 × HAT, 1.4 km from the address, for 5.20 EUR: parcel 5.00 EUR,
  distance 0.20 EUR.
Madrid serves 1 × SCARF, 1,364 km from the address, for 8.10 EUR: parcel 5.00 EUR,
  distance 3.10 EUR.
The whole plan, with 2 parcels, costs 13.30 EUR: parcel 10.00 EUR, distance 3.30
  EUR.
Milano would cost 7.20 EUR less, because that would take 1 parcel instead of 2.
Ibiza: left out by the rule “Only trusted” (trust 0.7 against at least 0.9).
BARI-1: left out, because these units failed there before.
The best plan costs 6.10 EUR: proved over 1 combination.
The rule set “Stores first” decided, version 3.
"""
BY_HAND_IT = """
olga ha scelto queste sedi: «the customer is in Madrid».
Questa scelta costa 7,20 EUR in più del piano migliore.
Roma Corso serve 2 × HAT, a 1,4 km dall’indirizzo, per 5,20 EUR: pacco 5,00 EUR,
  distanza 0,20 EUR.
Madrid serve 1 × SCARF, a 1.364 km dall’indirizzo, per 8,10 EUR: pacco 5,00 EUR,
  distanza 3,10 EUR.
L’intero piano, con 2 pacchi, costa 13,30 EUR: pacco 10,00 EUR, distanza 3,30 EUR.
Milano costerebbe 7,20 EUR in meno, perché servirebbe 1 pacco invece di 2.
Ibiza: fuori dal piano per la regola «Only trusted» (affidabilità 0,7 contro almeno
  0,9).
BARI-1: fuori dal piano, perché lì queste unità sono già mancate.
Il piano migliore costa 6,10 EUR: dimostrato su 1 combinazione.
Ha deciso l’insieme di regole «Stores first», versione 3.
"""
BY_HAND_ES = """
olga eligió estas ubicaciones: «the customer is in Madrid».
Esta elección cuesta 7,20 EUR más que el mejor plan.
Roma Corso sirve 2 × HAT, a 1,4 km de la dirección, por 5,20 EUR: paquete 5,00 EUR,
  distancia 0,20 EUR.
Madrid sirve 1 × SCARF, a 1364 km de la dirección, por 8,10 EUR: paquete 5,00 EUR,
  distancia 3,10 EUR.
El plan completo, con 2 paquetes, cuesta 13,30 EUR: paquete 10,00 EUR, distancia
  3,30 EUR.
Milano costaría 7,20 EUR menos, porque haría falta 1 paquete en vez de 2.
Ibiza: fuera del plan por la regla «Only trusted» (fiabilidad 0,7 contra al menos
  0,9).
BARI-1: fuera del plan, porque allí ya faltaron estas unidades.
El mejor plan cuesta 6,10 EUR: demostrado sobre 1 combinación.
Decidió el conjunto de reglas «Stores first», versión 3.
"""


@pytest.mark.parametrize(
    ("language", "expected"),
    [(Language.EN, SIMPLE_EN), (Language.IT, SIMPLE_IT), (Language.ES, SIMPLE_ES)],
)
def test_a_whole_order_from_one_location(language: Language, expected: str) -> None:
    assert sentences(SIMPLE, NAMES, language) == told(expected)


@pytest.mark.parametrize(
    ("language", "expected"),
    [(Language.EN, PARTIAL_EN), (Language.IT, PARTIAL_IT), (Language.ES, PARTIAL_ES)],
)
def test_units_that_wait_and_are_not_all_served(language: Language, expected: str) -> None:
    assert sentences(PARTIAL, NAMES, language, trigger=Trigger.RETRY) == told(expected)


@pytest.mark.parametrize(
    ("language", "expected"),
    [(Language.EN, BY_HAND_EN), (Language.IT, BY_HAND_IT), (Language.ES, BY_HAND_ES)],
)
def test_a_plan_that_an_operator_chose(language: Language, expected: str) -> None:
    found = sentences(CHOSEN_BY_HAND, NAMES, language, trigger=Trigger.OVERRIDE, override=OVERRIDE)
    assert found == told(expected)


def told(text: str) -> tuple[str, ...]:
    """The sentences of a text, one for each line that is not indented."""
    return tuple(text.strip().replace("\n  ", " ").splitlines())


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (Language.EN, "Milano would cost the same; the chosen plan comes first by preference."),
        (Language.IT, "Milano costerebbe lo stesso; il piano scelto viene prima per preferenza."),
        (Language.ES, "Milano costaría lo mismo; el plan elegido va antes por preferencia."),
    ],
)
def test_a_tie(language: Language, expected: str) -> None:
    tied = plan(parcel(MILAN, units(HAT=2), 3.0, PARCEL=420))
    assert sentences(trace(ONE, others=(tied,)), NAMES, language)[1] == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (Language.EN, "Milano and Madrid would cost the same, but with 2 parcels instead of 1."),
        (Language.IT, "Milano e Madrid costerebbero lo stesso, ma con 2 pacchi invece di 1."),
        (Language.ES, "Milano y Madrid costarían lo mismo, pero con 2 paquetes en vez de 1."),
    ],
)
def test_a_tie_with_more_parcels(language: Language, expected: str) -> None:
    tied = plan(
        parcel(MILAN, units(HAT=1), 3.0, PARCEL=210), parcel(MADRID, units(HAT=1), 3.0, PARCEL=210)
    )
    assert sentences(trace(ONE, others=(tied,)), NAMES, language)[1] == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (Language.EN, "No location serves anything in this plan."),
        (Language.IT, "In questo piano nessuna sede serve nulla."),
        (Language.ES, "En este plan ninguna ubicación sirve nada."),
    ],
)
def test_nothing_is_served(language: Language, expected: str) -> None:
    empty = trace(plan(), rule_set=None, proof=Proof(ProofStatus.OPTIMAL, 0, 0))
    found = sentences(empty, NAMES, language)
    assert found[0] == expected
    assert len(found) == 3


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (Language.EN, "Roma Corso serves 1 unit, 0.0 km from the address, at no cost."),
        (Language.IT, "Roma Corso serve 1 unità, a 0,0 km dall’indirizzo, senza costi."),
        (Language.ES, "Roma Corso sirve 1 unidad, a 0,0 km de la dirección, sin coste."),
    ],
)
def test_what_costs_nothing(language: Language, expected: str) -> None:
    free = trace(plan(parcel(ROME, units(**{"": 1}), 0.0, HANDLING=0)))
    assert sentences(free, NAMES, language)[0] == expected


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (EliminationReason.AT_CAPACITY, "Milano: left out at capacity."),
        (EliminationReason.RULE, "Milano: left out by a rule."),
    ],
)
def test_reasons_without_facts(reason: EliminationReason, expected: str) -> None:
    found = sentences(trace(ONE, eliminated=(left_out(MILAN, reason),)), NAMES, Language.EN)
    assert found[1] == expected


def test_lists_of_names_sound_right() -> None:
    assert English("EUR").listed(["A", "B", "C"]) == "A, B and C"
    assert Italian("EUR").listed(["Roma", "Empoli"]) == "Roma ed Empoli"
    assert Italian("EUR").listed(["Empoli", "Roma"]) == "Empoli e Roma"
    for name, joint in (("Ibiza", "e"), ("Hijar", "e"), ("Hierro", "y"), ("Yecla", "y")):
        assert Spanish("EUR").listed(["Roma", name]) == f"Roma {joint} {name}"


@pytest.mark.parametrize(
    ("amount", "english", "italian", "spanish"),
    [
        (0, "0.00 EUR", "0,00 EUR", "0,00 EUR"),
        (-5, "-0.05 EUR", "-0,05 EUR", "-0,05 EUR"),
        (123_456, "1,234.56 EUR", "1.234,56 EUR", "1234,56 EUR"),
        (1_234_567, "12,345.67 EUR", "12.345,67 EUR", "12.345,67 EUR"),
    ],
)
def test_money_is_written_as_the_language_does(
    amount: int, english: str, italian: str, spanish: str
) -> None:
    assert English("EUR").money(amount) == english
    assert Italian("EUR").money(amount) == italian
    assert Spanish("EUR").money(amount) == spanish


def test_currencies_have_their_own_digits() -> None:
    assert English("JPY").money(1500) == "1,500 JPY"
    assert Italian("KWD").money(1500) == "1,500 KWD"


@pytest.mark.parametrize(
    ("fact", "italian", "spanish"),
    [
        ("trust 0.7", "affidabilità 0,7", "fiabilidad 0,7"),
        ("at least 0.8 and below 0.9", "almeno 0,8 e sotto 0,9",
         "al menos 0,8 y por debajo de 0,9"),
        ("at most 50 km", "al massimo 50 km", "como máximo 50 km"),
        ("unknown km", "distanza ignota", "distancia desconocida"),
        ("not any of not in, in", "non una delle etichette not in, in",
         "no una de las etiquetas not in, in"),
        ("not in STORE", "non tra STORE", "no entre STORE"),
        ("in 1.5, 2", "tra 1.5, 2", "entre 1.5, 2"),
        ("no tags", "senza etichette", "sin etiquetas"),
        ("every location", "ogni sede", "cualquier ubicación"),
        ("1 and more", "1 e more", "1 y more"),
        ("STORE", "STORE", "STORE"),
    ],
)  # fmt: skip
def test_what_the_rules_compared_is_said_in_the_language(
    fact: str, italian: str, spanish: str
) -> None:
    assert English("EUR").figure(fact) == fact
    assert Italian("EUR").figure(fact) == italian
    assert Spanish("EUR").figure(fact) == spanish


OVERRIDES = st.builds(Override, st.just("ADMIN:anna"), st.just("why"), st.none() | MINOR)


@given(TRACES, st.sampled_from(Language), st.sampled_from(Trigger), st.none() | OVERRIDES)
def test_every_number_that_matters_is_said(
    made: Trace, language: Language, trigger: Trigger, override: Override | None
) -> None:
    names: dict[LocationId, str] = {}
    found = sentences(made, names, language, trigger=trigger, override=override)
    said = digits(" ".join(found))
    for amount in amounts_of(made, override):
        assert digits(plain(amount, made.currency)) in said, amount
    for lines in (made.chosen.unfilled, *(each.lines for each in made.chosen.parcels)):
        for sku in {line.sku for line in lines}:
            units_of_it = sum(line.quantity for line in lines if line.sku == sku)
            assert digits(f"{units_of_it} × {sku}" if sku else f"{units_of_it} uni") in said
    for each in made.eliminated:
        assert name_of(each, names) in " ".join(found)
    assert made.rule_set is None or digits(str(made.rule_set.number)) in said
    assert digits(str(made.proof.nodes)) in said or made.proof.nodes == 0
    assert all(sentence and sentence[-1] == "." for sentence in found)


def amounts_of(made: Trace, override: Override | None) -> Sequence[int]:
    """The amounts that a reader must find, without signs."""
    chosen = made.chosen
    found = [term.amount_minor for each in chosen.parcels for term in each.terms]
    found += [each.cost_minor - chosen.cost_minor for each in made.others]
    if len(chosen.parcels) != 1 and chosen.cost_minor:
        found.append(chosen.cost_minor)
    if made.proof.status is ProofStatus.GAP:
        found.append(max(0, chosen.cost_minor - made.proof.bound))
    if override is not None and override.delta_minor is not None:
        found.append(override.delta_minor)
    return [abs(amount) for amount in found if amount]


def plain(amount_minor: int, currency: str) -> str:
    """The amount with the digits of its currency."""
    return str(Decimal(amount_minor).scaleb(-exponent(currency)))


def digits(text: str) -> str:
    """The text without the marks between digits."""
    return re.sub(r"(?<=\d)[.,](?=\d)", "", text)


@given(TRACES)
def test_all_locations_of_the_sentences_are_known_before(made: Trace) -> None:
    names = {place: f"<{place}>" for place in places_in(made)}
    for language in Language:
        said = " ".join(sentences(made, names, language))
        assert {f"<{place}>" for place in places_in(made)} == set(
            re.findall("<[0-9a-f-]{36}>", said)
        )
