"""The providers, by name.

A provider has two parts: here, how its deliveries are verified; in the translators of the billing
app, what its events mean.
"""

from webhooks import conf
from webhooks.providers.base import Headers, Page, Provider, secret_id_of
from webhooks.providers.object_api import FetchedObject
from webhooks.providers.registry import PROVIDERS, refusing_old


def keys_by_setting(endpoint: conf.Endpoint) -> dict[str, tuple[str, ...]]:
    """Return what proves an endpoint's deliveries, by the setting or variable that holds it."""
    secrets = {endpoint.secrets_setting: endpoint.secrets}
    # Only where the provider has such an option: what others call a public key is known to all.
    provider = PROVIDERS.get(endpoint.provider)
    if provider is None or not (option := provider.key_option):
        return secrets
    keys = {endpoint.variable(option): conf.split(endpoint.options.get(option, ""))}
    return keys if option in provider.options else secrets | keys


def keys_of(endpoint: conf.Endpoint) -> tuple[str, ...]:
    """Return what proves an endpoint's deliveries: its secrets, or an option's."""
    return tuple(key for keys in keys_by_setting(endpoint).values() for key in keys)


__all__ = [
    "PROVIDERS",
    "FetchedObject",
    "Headers",
    "Page",
    "Provider",
    "keys_by_setting",
    "keys_of",
    "refusing_old",
    "secret_id_of",
]
