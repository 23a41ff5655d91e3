"""Amounts as Stripe counts them, which is not always in the currency's own minor units. Pure.

See https://docs.stripe.com/currencies: some currencies are counted in whole units, ISK and UGX in
hundredths that must be 00, and those of three decimals in thousandths whose last digit must be 0.
"""

from domain.common.money import exponent

_WHOLE = frozenset(("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA")).union(
    ("PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
)
_THREE_DECIMALS = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))
_STEPS = {"ISK": 100, "UGX": 100} | dict.fromkeys(_THREE_DECIMALS, 10)


class NotRepresentable(ValueError):
    """Stripe cannot take exactly that amount."""


def to_stripe(amount_minor: int, currency: str) -> int:
    """The amount as Stripe wants it, of an amount in minor units of `currency`.

    Raises:
        NotRepresentable: it would have to be rounded.
    """
    shift = _exponent(currency) - exponent(currency)
    if shift < 0:
        amount, rest = divmod(amount_minor, 10**-shift)
    else:
        amount, rest = amount_minor * 10**shift, 0
    if rest or amount % _STEPS.get(currency, 1):
        raise NotRepresentable(f"Stripe takes no fraction of that kind in {currency}")
    return amount


def from_stripe(amount: int, currency: str) -> int:
    """The amount in minor units of `currency`, of an amount that Stripe tells.

    Raises:
        NotRepresentable: it is less than a minor unit, which Stripe never takes.
    """
    shift = _exponent(currency) - exponent(currency)
    if shift <= 0:
        return amount * 10**-shift
    whole, rest = divmod(amount, 10**shift)
    if rest:
        raise NotRepresentable(f"{amount} is not a whole number of minor units of {currency}")
    return whole


def _exponent(currency: str) -> int:
    if currency in _WHOLE:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2
