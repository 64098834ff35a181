"""The registry of providers: those that are here, and the project's own."""

from typing import Final

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from webhooks import conf
from webhooks.privacy.vocabularies import declare
from webhooks.providers.adyen import PLATFORM, AdyenProvider
from webhooks.providers.base import Provider
from webhooks.providers.braintree import BraintreeProvider
from webhooks.providers.catalogue import DECLARED
from webhooks.providers.paypal import PAYPAL
from webhooks.providers.standard_webhooks import STANDARD
from webhooks.providers.stripe import StripeProvider
from webhooks.providers.telegram import TelegramProvider

_OURS: Final = (
    *(StripeProvider(), TelegramProvider(), STANDARD, *DECLARED),
    *(AdyenProvider(), PLATFORM, BraintreeProvider(), PAYPAL),
)

PROVIDERS: Final[dict[str, Provider]] = {provider.name: provider for provider in _OURS}
"""The providers by name."""

for _provider in _OURS:
    declare(_provider.name, _provider.vocabulary)


def register_named() -> None:
    """Add the providers that `WEBHOOK_PROVIDERS` names. Called once, when the app is ready.

    Raises `ImproperlyConfigured` for what can't be imported or is none, and for a name that another
    provider has.
    """
    for path in conf.setting("WEBHOOK_PROVIDERS"):
        provider = _imported(path)
        if PROVIDERS.setdefault(provider.name, provider) is not provider:
            raise ImproperlyConfigured(
                f"WEBHOOK_PROVIDERS names {path}, and there is one named {provider.name!r}. "
                "Give it another name."
            )
        declare(provider.name, provider.vocabulary)


def _imported(path: str) -> Provider:
    try:
        found = import_string(path)
        found = found() if isinstance(found, type) else found
    except (ImportError, TypeError) as error:
        raise ImproperlyConfigured(
            f"WEBHOOK_PROVIDERS names {path}, which can't be had: {error}."
        ) from error
    if not isinstance(found, Provider):
        raise ImproperlyConfigured(
            f"WEBHOOK_PROVIDERS names {path}, which is no provider: see docs/providers.md."
        )
    return found


def refusing_old() -> list[str]:
    """Return the names of the providers whose old deliveries are refused for their age."""
    return [name for name, provider in PROVIDERS.items() if provider.refuses_old]
