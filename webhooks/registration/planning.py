"""Plan what is to be done at Stripe, and do it."""

from dataclasses import dataclass
from datetime import datetime

from webhooks import audit, conf
from webhooks.exceptions import ProviderApiUnavailable
from webhooks.models import AuditEntry
from webhooks.providers import stripe_api, stripe_endpoints
from webhooks.providers.stripe_endpoints import StripeEndpoint
from webhooks.registration.addresses import addressed, is_same
from webhooks.registration.events import missing, surplus, wanted_events


class AnswerLost(Exception):
    """Stripe made an endpoint, and the answer with its secret never came."""

    def __init__(self, endpoint: StripeEndpoint) -> None:
        super().__init__(endpoint.id)
        self.endpoint = endpoint


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done so that Stripe sends what handlers take; `known` is what it has by now.

    `others` lead to the same address in another API version, which Stripe can't change.
    """

    endpoint: conf.Endpoint
    url: str
    events: frozenset[str]
    for_connect: bool
    known: StripeEndpoint | None
    others: tuple[StripeEndpoint, ...]

    @property
    def added(self) -> frozenset[str]:
        """The types of events that Stripe would begin to send."""
        return missing(self.events, self.known.events if self.known else ())

    @property
    def removed(self) -> frozenset[str]:
        """The types of events that Stripe would cease to send."""
        return surplus(self.events, self.known.events if self.known else ())

    @property
    def enables(self) -> bool:
        """True where Stripe has the endpoint, and has it disabled."""
        return self.known is not None and not self.known.is_enabled

    @property
    def is_done(self) -> bool:
        """True where nothing is to be done."""
        return self.known is not None and not (self.added or self.removed or self.enables)


def plan(url: str, *, slug: str = "", for_connect: bool = False) -> Plan:
    """Return what is to be done so that Stripe delivers to this address; asks Stripe.

    For the address and `slug`, see `addressed`. Raises `BadAddress`, and what
    `stripe_endpoints.list_endpoints` raises.
    """
    endpoint, url = addressed(url, slug)
    there = [
        one
        for one in stripe_endpoints.list_endpoints().endpoints
        if is_same(one.url, url) and one.for_connect == for_connect
    ]
    ours = [one for one in there if one.api_version == stripe_api.API_VERSION]
    # One that is enabled first: of two, the other may have been switched off on purpose.
    known = min(ours, key=lambda one: not one.is_enabled, default=None)
    others = tuple(one for one in there if one is not known and one.is_enabled)
    return Plan(endpoint, url, wanted_events(), for_connect, known, others)


def carry_out(planned: Plan, *, actor: str, now: datetime) -> str:
    """Do what is planned, on record; return the signing secret of an endpoint that was made.

    Not to be called inside a transaction. Raises what Stripe's answers raise, `AnswerLost`, and
    `audit.NOT_RECORDABLE` before anything is done.
    """
    # First: an endpoint whose answer was lost is on record all the same.
    audit.record(
        AuditEntry.Action.COMMAND,
        actor=actor,
        subject="register_endpoint",
        details={
            "url": planned.url,
            "stripe_id": planned.known.id if planned.known else "",
            "events": sorted(planned.events),
            "connect": planned.for_connect,
        },
        now=now,
    )
    if planned.known:
        stripe_endpoints.update(planned.known.id, planned.events)
        return ""
    try:
        _made, secret = stripe_endpoints.create(
            planned.url, planned.events, for_connect=planned.for_connect
        )
    except ProviderApiUnavailable:
        again = plan(planned.url, for_connect=planned.for_connect)
        if again.known is None:
            raise
        raise AnswerLost(again.known) from None
    return secret
