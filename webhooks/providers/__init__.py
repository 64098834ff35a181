"""The providers, by name. A provider proves deliveries and names their events: two files each,
trust here and meaning in the billing app's translators."""

from webhooks.providers.base import Answer, Headers, Page, Provider, fingerprint
from webhooks.providers.stripe import StripeProvider

PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in [StripeProvider()]}

__all__ = ["PROVIDERS", "Answer", "Headers", "Page", "Provider", "fingerprint"]
