"""The only subscriber of this app: what it hears becomes billing state."""

from billing import fetching
from billing.operations import apply_all
from billing.translators import stripe
from webhooks.events import Event
from webhooks.signals import on


@on("stripe", *stripe.EVENT_TYPES)
def apply_stripe_event(event: Event) -> None:
    """Bring billing state up to date. `PermanentFailure` for what is not of Stripe's shape."""
    changes = stripe.translate(event)
    fetching.ask_first(event, changes)
    fetching.ask_where_undecided(event, apply_all(event, changes))
