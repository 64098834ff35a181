"""The only subscriber of this app: what it hears becomes billing state."""

from billing.operations import apply_all
from billing.translators import stripe
from webhooks.events import Event
from webhooks.signals import on


@on("stripe", *stripe.EVENT_TYPES)
def apply_stripe_event(event: Event) -> None:
    """Bring billing state up to date. `PermanentFailure` for what is not of Stripe's shape."""
    apply_all(event, stripe.translate(event))
