"""Stripe: whether it answers, and how its clock differs from ours."""

from collections.abc import Iterator
from typing import Final

from webhooks import conf
from webhooks.doctor.findings import Examined, Finding, State
from webhooks.doctor.registrations import examine_registrations
from webhooks.doctor.registry import examines
from webhooks.exceptions import ProviderApiRefused, ProviderApiUnavailable
from webhooks.providers import stripe_api, stripe_endpoints
from webhooks.providers.stripe_endpoints import ThinDestination

GROUP = "Stripe"

CLOCK_SECONDS: Final = 30.0
"""The difference between two clocks past which somebody should set ours: a tenth of what is
tolerated of a signature, by default."""


@examines(GROUP)
def examine_stripe(examined: Examined) -> Iterator[Finding]:
    """Yield whether Stripe answers, how its clock differs, and what it has of our endpoints."""
    if examined.is_offline:
        yield Finding("stripe_asked", State.NOT_ASKED, "not asked, as you said --offline")
        return
    if not stripe_api.is_configured():
        yield Finding(
            "stripe_asked",
            State.NOT_ASKED,
            "STRIPE_API_KEY is not set: Stripe can't be asked",
            "Set STRIPE_API_KEY to a restricted key that may read webhook endpoints.",
        )
        return
    try:
        listed = stripe_endpoints.list_endpoints()
    except ProviderApiRefused as error:
        yield Finding(
            "stripe_refuses",
            State.ATTENTION,
            str(error),
            "Set STRIPE_API_KEY to a key of this account's that may read webhook endpoints.",
        )
    except ProviderApiUnavailable as error:
        yield Finding(
            "stripe_away",
            State.ATTENTION,
            str(error),
            "See that this machine may reach STRIPE_API_BASE; https://status.stripe.com tells if "
            "Stripe itself is away.",
        )
    else:
        mode = "live" if stripe_api.is_live() else "test"
        yield Finding("stripe_asked", State.OK, f"it answers in {mode} mode")
        yield from _clock(listed.clock_ahead)
        thin: list[ThinDestination] = []
        try:
            thin = stripe_endpoints.list_thin()
        except (ProviderApiRefused, ProviderApiUnavailable) as error:
            yield Finding("stripe_thin", State.NOT_ASKED, f"destinations of thin events: {error}")
        yield from examine_registrations(examined, listed.endpoints, thin)


def _clock(ahead: float | None) -> Iterator[Finding]:
    if ahead is None:
        yield Finding("clock_off", State.NOT_ASKED, "Stripe's answer does not tell its time")
        return
    way = "ahead of" if ahead > 0 else "behind"
    told = f"our clock is {abs(ahead):.0f} s {way} Stripe's"
    if abs(ahead) <= CLOCK_SECONDS:
        yield Finding("clock_off", State.OK, told)
        return
    tolerance = conf.stripe_tolerance().total_seconds()
    yield Finding(
        "clock_off",
        State.ATTENTION,
        f"{told}; past {tolerance:.0f} s every delivery is refused as stale",
        "Have this machine's clock set by NTP; STRIPE_TOLERANCE_SECONDS is no cure.",
    )
