"""Our endpoints as Stripe has them: where it sends, how much of what handlers take, and how."""

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from webhooks import conf
from webhooks.doctor.findings import Examined, Finding, State
from webhooks.providers import stripe_api
from webhooks.providers.stripe_endpoints import ALL, StripeEndpoint, ThinDestination
from webhooks.registration.addresses import endpoint_at, origin_of
from webhooks.registration.events import STRIPE, missing, surplus, wanted_events

SHOWN: Final = 5
"""The types of events that are named; the others are counted."""


def examine_registrations(
    examined: Examined, listed: Sequence[StripeEndpoint], thin: Sequence[ThinDestination]
) -> Iterator[Finding]:
    """Yield, for each endpoint of ours, how what Stripe has differs from what we want.

    Of what destinations send thin events nothing is told but that they do.
    """
    ours = [one for one in conf.endpoints() if one.provider == STRIPE]
    if not examined.address:
        yield Finding(
            "address_unknown",
            State.NOT_ASKED,
            "our public address is not known: which of Stripe's endpoints are ours can't be told",
            "Set SITE_URL, or say --url https://pay.example.com.",
        )
        return
    for endpoint in ours:
        here = [one for one in listed if _leads_to(one, examined.address, endpoint)]
        destinations = [one for one in thin if _leads_to(one, examined.address, endpoint)]
        found = [
            *_disabled(endpoint, [*here, *destinations], examined.address),
            *([] if here or destinations else _absence(endpoint, listed, examined.address)),
            *_contents(endpoint, here),
        ]
        what = "what handlers take" if here else "thin events"
        yield from found or [
            Finding(
                "stripe_endpoint",
                State.OK,
                f"{_named(here or destinations)} sends {what}",
                subject=endpoint.slug,
            )
        ]


def _leads_to(one: StripeEndpoint | ThinDestination, address: str, endpoint: conf.Endpoint) -> bool:
    return origin_of(one.url) == origin_of(address) and endpoint_at(one.url) == endpoint


def _disabled(
    endpoint: conf.Endpoint, here: Sequence[StripeEndpoint | ThinDestination], address: str
) -> Iterator[Finding]:
    """Yield what of ours Stripe has disabled."""
    for one in here:
        if not one.is_enabled:
            mend = "enable it at Stripe"
            if isinstance(one, StripeEndpoint):
                mend = f"manage.py register_endpoint {address} --endpoint {endpoint.slug}"
            yield Finding(
                "stripe_disabled",
                State.ATTENTION,
                f"{one.id} is disabled: Stripe sends it nothing",
                f"{mend}, then reconcile_events --undelivered; or delete it at Stripe",
                subject=endpoint.slug,
            )


def _absence(
    endpoint: conf.Endpoint, listed: Sequence[StripeEndpoint], address: str
) -> Iterator[Finding]:
    """Yield that Stripe has no endpoint of ours."""
    register = f"manage.py register_endpoint {address} --endpoint {endpoint.slug}"
    # Of others' addresses nothing is told: their paths may let their bearers in.
    near = [
        f"{one.id} ({origin_of(one.url)}{urlsplit(one.url).path})"
        for one in listed
        if origin_of(one.url) == origin_of(address) or endpoint_at(one.url) == endpoint
    ]
    if near:
        yield Finding(
            "stripe_other_address",
            State.ATTENTION,
            f"Stripe sends nothing to this endpoint at {address}, but has {', '.join(near)}",
            f"If one of them is meant, correct its address at Stripe; else {register}",
            subject=endpoint.slug,
        )
    else:
        mode = "live" if stripe_api.is_live() else "test"
        yield Finding(
            "stripe_no_endpoint",
            State.ATTENTION,
            f"Stripe has no endpoint for {address} in {mode} mode",
            register,
            subject=endpoint.slug,
        )


def _contents(endpoint: conf.Endpoint, here: list[StripeEndpoint]) -> Iterator[Finding]:
    """Yield what those that are enabled send too little or too much of, or in another version."""
    enabled = [one for one in here if one.is_enabled]
    wanted = wanted_events()
    for for_connect in (False, True):
        alike = [one for one in enabled if one.for_connect == for_connect]
        sent = frozenset[str]().union(*(one.events for one in alike))
        if alike and (lacking := missing(wanted, sent)):
            yield Finding(
                "stripe_events_missing",
                State.ATTENTION,
                f"{_named(alike)} does not send {_types(lacking)}, which handlers take",
                f"manage.py register_endpoint {alike[0].url}{' --connect' * for_connect}",
                subject=endpoint.slug,
                count=len(lacking),
            )
        if alike and (unused := surplus(wanted, sent)):
            yield Finding(
                "stripe_events_surplus",
                State.ATTENTION,
                f"{_named(alike)} sends {_types(unused)}, which no handler takes",
                f"manage.py register_endpoint {alike[0].url}{' --connect' * for_connect}",
                subject=endpoint.slug,
                count=None if ALL in unused else len(unused),
            )
        yield from _versions(endpoint, alike)


def _versions(endpoint: conf.Endpoint, alike: list[StripeEndpoint]) -> Iterator[Finding]:
    told = {one.id: _version(one) for one in alike}
    if set(told.values()) <= {stripe_api.API_VERSION}:
        return
    differ = len(set(told.values())) > 1
    yield Finding(
        "stripe_versions_differ" if differ else "stripe_api_version",
        State.ATTENTION,
        f"events come in {', '.join(f'{version} ({one})' for one, version in told.items())}; "
        f"ours is {stripe_api.API_VERSION}",
        "Disable those of other versions at Stripe"
        if differ
        else f"manage.py register_endpoint {alike[0].url} makes one of our version beside it",
        subject=endpoint.slug,
    )


def _version(one: StripeEndpoint) -> str:
    """Return an endpoint's version, and how it is to ours: by its date, which it begins with."""
    if not one.api_version:
        return "the account's own version, which changes when somebody upgrades the account"
    if one.api_version == stripe_api.API_VERSION:
        return one.api_version
    is_older = one.api_version[:10] < stripe_api.API_VERSION[:10]
    return f"{one.api_version}, {'older' if is_older else 'newer'} than ours"


def _named(endpoints: Sequence[StripeEndpoint | ThinDestination]) -> str:
    return " and ".join(one.id for one in endpoints)


def _types(events: frozenset[str]) -> str:
    if ALL in events:
        return "every other type of event"
    named = ", ".join(sorted(events)[:SHOWN])
    return f"{named} and {len(events) - SHOWN} more" if len(events) > SHOWN else named
