"""Currencies: how many decimals their amounts have."""

from typing import Final

# ISO 4217, and Telegram's Stars. Of ISK and UGX, which have no minor unit either, Stripe counts
# hundredths all the same (https://docs.stripe.com/currencies#zero-decimal), and so does this.
_WITHOUT_DECIMALS: Final = {
    *("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga"),
    *("pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf", "xtr"),
}
_WITH_THREE_DECIMALS: Final = {"bhd", "iqd", "jod", "kwd", "lyd", "omr", "tnd"}


def exponent(currency: str) -> int:
    """Return how many decimals a currency's amounts have, by its code in lower case.

    Two for a code that is not known.
    """
    if currency in _WITHOUT_DECIMALS:
        return 0
    return 3 if currency in _WITH_THREE_DECIMALS else 2
