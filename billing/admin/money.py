"""Amounts, as people write them."""

from decimal import Decimal
from typing import Final

from webhooks.admin.values import NOTHING

# https://docs.stripe.com/currencies#zero-decimal, and Telegram's Stars. Of ISK and UGX, which
# have no minor unit either, Stripe counts hundredths all the same.
WITHOUT_DECIMALS: Final = {
    *("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga"),
    *("pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf", "xtr"),
}
WITH_THREE_DECIMALS: Final = {"bhd", "iqd", "jod", "kwd", "lyd", "omr", "tnd"}


def money(amount: int | None, currency: str) -> str:
    """Return an amount in minor units as text: `money(123450, "usd")` is 1,234.50 USD."""
    if amount is None:
        return NOTHING
    # Customers who never paid have a balance of 0 in no currency.
    if not amount and not currency:
        return "0"
    # Without its currency, nobody can tell where the decimal point goes.
    if not currency:
        return f"{amount:,} minor units"
    decimals = _decimals(currency.lower())
    return f"{Decimal(amount).scaleb(-decimals):,.{decimals}f}\N{NO-BREAK SPACE}{currency.upper()}"


def _decimals(currency: str) -> int:
    if currency in WITHOUT_DECIMALS:
        return 0
    return 3 if currency in WITH_THREE_DECIMALS else 2
