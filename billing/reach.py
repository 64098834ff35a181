"""The mode that a provider can be asked about, and the objects of test mode beside live ones.

A platform's live endpoint gets the test events of connected accounts, too, so objects of both modes
are stored: https://docs.stripe.com/connect/webhooks. A key sees those of its own mode alone.
"""

from django.db.models import Q

from webhooks.events import ObjectScope
from webhooks.providers import PROVIDERS


def hindrance(scope: ObjectScope) -> str:
    """Return what keeps the objects of a scope from being fetched, as a sentence; else empty.

    It names the setting.
    """
    provider = PROVIDERS.get(scope["provider"])
    return provider.hindrance(livemode=scope["livemode"]) if provider else ""


def asked_providers() -> list[str]:
    """Return the names of the providers that can be asked, in one mode at least."""
    return [
        name
        for name, one in PROVIDERS.items()
        if not (one.hindrance(livemode=True) and one.hindrance(livemode=False))
    ]


def askable(object_type: str) -> Q:
    """Match the objects of a type whose provider can be asked for such, in one mode at least."""
    names = [
        name
        for name, one in PROVIDERS.items()
        if any(one.can_fetch(object_type, livemode=livemode) for livemode in (True, False))
    ]
    return Q(provider__in=names)


def is_beside_live(scope: ObjectScope) -> bool:
    """True for a connected account's test mode, where our key is of live mode."""
    is_test = not scope["livemode"] and scope["account"] != ""
    return is_test and not hindrance({**scope, "livemode": True})


def beside_live() -> Q:
    """Match the objects of test mode where our key is of live mode, which nobody asks for."""
    live = [
        name
        for name, one in PROVIDERS.items()
        if one.hindrance(livemode=False) and not one.hindrance(livemode=True)
    ]
    return Q(provider__in=live, livemode=False)
