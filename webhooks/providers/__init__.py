"""The providers, by name.

A provider has two parts: here, how its deliveries are verified; in the translators of the billing
app, what its events mean.
"""

from webhooks.providers.base import FetchedObject, Headers, Page, Provider, secret_id_of
from webhooks.providers.registry import PROVIDERS, refusing_old

__all__ = [
    "PROVIDERS",
    "FetchedObject",
    "Headers",
    "Page",
    "Provider",
    "refusing_old",
    "secret_id_of",
]
