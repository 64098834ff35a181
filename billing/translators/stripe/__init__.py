"""What Stripe's events mean."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from billing.changes import Change
from billing.translators.fields import Node
from billing.translators.stripe import invoicing, payments
from billing.translators.stripe.common import identifier
from webhooks.events import Event

EVENT_TYPES: Final = (
    "customer.created",
    "customer.updated",
    "customer.deleted",
    "customer.subscription.*",
    "invoice.*",
    "invoice_payment.*",
    "payment_intent.*",
    "charge.*",
    "refund.*",
    "checkout.session.*",
    "payout.*",
)
"""The events that `translate` can make something of, as patterns for `webhooks.signals.on`."""

_TRANSLATORS: Final[Mapping[str, Callable[[Node], Change | None]]] = {
    "customer": invoicing.customer,
    "subscription": invoicing.subscription,
    "invoice": invoicing.invoice,
    "invoice_payment": invoicing.invoice_payment,
    "payment_intent": payments.payment_intent,
    "charge": payments.charge,
    "refund": payments.refund,
    "dispute": payments.dispute,
    "checkout.session": payments.checkout_session,
    "payout": payments.payout,
}


def translate(event: Event) -> list[Change]:
    """What an event says, by the object it carries and not by its own name.

    An object without an id, or of a kind that billing does not know, says nothing. Raises
    `PermanentFailure` for what is not of Stripe's shape or cannot be stored.
    """
    source = Node(event.payload)["data"]["object"]
    kind = source["object"].value
    translator = _TRANSLATORS.get(kind) if isinstance(kind, str) else None
    # A preview of the next invoice has an id in some shapes, and is no invoice in any.
    if translator is None or not identifier(source) or event.type == "invoice.upcoming":
        return []
    change = translator(source)
    if change is None:
        return []
    if event.type == f"{kind}.deleted" or source["deleted"].value is True:
        return [replace(change, deleted=True)]
    return [change, *_embedded(source, kind)]


def _embedded(source: Node, kind: str) -> list[Change]:
    """Before 2022-11-15 a charge carries its refunds."""
    if kind != "charge":
        return []
    return [payments.refund(refund) for refund in source["refunds"]["data"] if identifier(refund)]
