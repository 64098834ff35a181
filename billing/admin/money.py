"""Amounts, as people write them."""

from decimal import Decimal

from billing.currencies import exponent
from webhooks.admin.values import NOTHING


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
    decimals = exponent(currency.lower())
    return f"{Decimal(amount).scaleb(-decimals):,.{decimals}f}\N{NO-BREAK SPACE}{currency.upper()}"
