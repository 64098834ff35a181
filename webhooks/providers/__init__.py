"""The providers, by name.

A provider has two parts: here, how its deliveries are verified; in the translators of the billing
app, what its events mean.
"""

from typing import Final

from webhooks.providers.base import FetchedObject, Headers, Page, Provider, secret_id_of
from webhooks.providers.catalogue import DECLARED
from webhooks.providers.standard_webhooks import STANDARD
from webhooks.providers.stripe import StripeProvider
from webhooks.providers.telegram import TelegramProvider

_ALL: Final = (StripeProvider(), TelegramProvider(), STANDARD, *DECLARED)

PROVIDERS: Final[dict[str, Provider]] = {provider.name: provider for provider in _ALL}


def refusing_old() -> list[str]:
    """Return the names of the providers whose old deliveries are refused for their age."""
    return [name for name, provider in PROVIDERS.items() if provider.refuses_old]


__all__ = [
    "PROVIDERS",
    "FetchedObject",
    "Headers",
    "Page",
    "Provider",
    "refusing_old",
    "secret_id_of",
]
