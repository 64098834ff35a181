"""Checks of the endpoints: whom each believes, and whom it lets in."""

from collections.abc import Iterator

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Caution

from webhooks import conf
from webhooks.checks.strength import Weakness, weakness
from webhooks.guards import sources
from webhooks.providers import PROVIDERS, keys_by_setting, keys_of


def check_endpoints() -> Iterator[CheckMessage]:
    """Return what would have an endpoint take what is forged, or refuse what is genuine."""
    yield from _check_secrets()
    yield from _check_options()
    yield from _check_keys()
    yield from _check_guards()
    yield from _check_sources()


def _check_secrets() -> Iterator[CheckMessage]:
    for endpoint in conf.endpoints():
        provider = PROVIDERS.get(endpoint.provider)
        if provider is None:
            yield Error(
                f"The endpoint {endpoint.slug!r} names an unknown provider, {endpoint.provider!r}.",
                hint=f"In WEBHOOK_ENDPOINTS, choose one of: {', '.join(PROVIDERS)}.",
                id="webhooks.E002",
            )
        # Where an option is the proof, E015 tells.
        elif provider.key_option not in provider.options and not keys_of(endpoint):
            yield Error(
                f"{endpoint.secrets_setting} is not set: the endpoint {endpoint.slug!r} "
                "could not tell a genuine delivery from a forged one.",
                hint=f"Set {endpoint.secrets_setting} to the provider's signing secret, or take "
                "the endpoint out of WEBHOOK_ENDPOINTS.",
                id="webhooks.E001",
            )


def _check_options() -> Iterator[CheckMessage]:
    for endpoint in conf.endpoints():
        provider = PROVIDERS.get(endpoint.provider)
        if provider is None:
            continue  # told by E002
        for variable in map(endpoint.variable, endpoint.missing(provider.options)):
            yield Error(
                f"{variable} is not set: without it, no delivery to the endpoint "
                f"{endpoint.slug!r} could be proven.",
                hint=f"Set {variable} as it was given to the provider, to the letter.",
                id="webhooks.E015",
            )
        for setting, keys in keys_by_setting(endpoint).items():
            if all(map(provider.is_secret, keys)):
                continue
            yield Error(
                f"{setting} holds what is no secret of {provider.name}'s: it would prove nothing.",
                hint="Copy the secret as the provider shows it, with what it begins with.",
                id="webhooks.E016",
            )


def _check_keys() -> Iterator[CheckMessage]:
    for endpoint in conf.endpoints():
        provider, setting = PROVIDERS.get(endpoint.provider), endpoint.variable("api_key")
        # Stripe's has a setting of its own, and checks of its own.
        if provider is None or not endpoint.api_key or setting == "STRIPE_API_KEY":
            continue
        if provider.api is None:
            yield Caution(
                f"{setting} is set, and {provider.name} is not asked for anything by it.",
                hint="Take it away: a key that is not needed can only be lost.",
                id="webhooks.W029",
            )
        elif why := provider.api.fault(endpoint):
            yield Error(
                f"{why} Nothing that {provider.name}'s events are about can be fetched.",
                hint=f"Mend it, or take {setting} away.",
                id="webhooks.E017",
            )
        elif (weak := weakness(endpoint.api_key, least=0)) not in (None, Weakness.GUESSABLE):
            yield Error(
                f"{setting} {weak}.",
                hint=f"Set {setting} to a key to {provider.name}'s API, or take it away.",
                id="webhooks.E025",
            )


def _check_guards() -> Iterator[CheckMessage]:
    named = {"ALLOWED_WEBHOOK_IPS": conf.setting("ALLOWED_WEBHOOK_IPS")}
    for slug, configured in conf.setting("WEBHOOK_ENDPOINTS").items():
        named[f"`allowed_ips` of the endpoint {slug!r}"] = configured.get("allowed_ips", "")
    # One by one: the message must say which of the lists is wrong.
    for name, text in named.items():
        try:
            sources.networks(text)
        except ValueError as error:
            yield Error(
                f"{name}: {error}.",
                hint="Name addresses, networks without host bits and providers, comma-separated.",
                id="webhooks.E010",
            )
    for name, why in [
        ("WEBHOOK_RATE_LIMIT", "0 lets clients fail as often as they like"),
        ("TRUSTED_PROXY_COUNT", "0 means that clients connect to this server themselves"),
    ]:
        if conf.setting(name) < 0:
            yield Error(
                f"{name} is {conf.setting(name)}.",
                hint=f"Set {name} to a number; {why}.",
                id="webhooks.E011",
            )


def _check_sources() -> Iterator[CheckMessage]:
    for endpoint in conf.endpoints():
        allowed = endpoint.allowed_ips, endpoint.allowed_user_agents
        try:
            refused = sources.shut_out(endpoint.provider, *allowed)
        except ValueError:
            continue  # told by E010
        if refused:
            yield Caution(
                f"The endpoint {endpoint.slug!r} refuses deliveries which come from "
                f"{', '.join(refused)}, as {endpoint.provider}'s do.",
                hint=f"Name {endpoint.provider!r} in ALLOWED_WEBHOOK_IPS, and in "
                "ALLOWED_WEBHOOK_USER_AGENTS what its user agent begins with; or let "
                "TRUSTED_PROXY_COUNT tell whose addresses come in, and take the lists away.",
                id="webhooks.W028",
            )
