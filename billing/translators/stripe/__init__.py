"""Translates Stripe's events to changes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from billing.changes import Change, ChargeChange, DisputeChange, RefundChange
from billing.statuses import RefundStatus
from billing.translators.base import Translator
from billing.translators.fields import MOST, MOST_LISTED, Node
from billing.translators.stripe import bookkeeping, catalog, invoicing, payments, saved_methods
from billing.translators.stripe.common import identifier
from billing.translators.stripe.thin import is_thin, named
from webhooks.events import Event
from webhooks.exceptions import PermanentFailure

_SNAPSHOTS: Final = (
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
    "credit_note.*",
    "payment_method.*",
    "setup_intent.*",
    "product.*",
    "price.*",
    "plan.*",
    "coupon.*",
    "promotion_code.*",
    "customer.discount.*",
)

# Of an invoice's payment, its invoice's own thin events tell as well.
THIN_EVENT_TYPES: Final = tuple(f"v1.{each}" for each in _SNAPSHOTS if each != "invoice_payment.*")
"""Those of them that are thin: https://docs.stripe.com/api/v2/core/events/event-types."""

EVENT_TYPES: Final = (*_SNAPSHOTS, *THIN_EVENT_TYPES)
"""The types of events that `translate` knows, as patterns for `webhooks.signals.on`."""

_DISCOUNT_DELETED: Final = "customer.discount.deleted"
"""Of what is deleted, the one whose type names whose it was; a subscription's end is called so too,
and deletes nothing."""

RETURNED: Final = (RefundStatus.FAILED, RefundStatus.CANCELED)
"""The states of refunds whose money has come back to us: less is refunded than was."""

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
    "credit_note": bookkeeping.credit_note,
    "balance_transaction": bookkeeping.balance_transaction,
    "payment_method": saved_methods.payment_method,
    "setup_intent": saved_methods.setup_intent,
    "product": catalog.product,
    "price": catalog.price,
    "plan": catalog.plan,
    "coupon": catalog.coupon,
    "promotion_code": catalog.promotion_code,
    "discount": catalog.discount,
}


def translate(event: Event) -> list[Change]:
    """Return the changes that an event tells of, the one of the object it carries or names first.

    Empty for an object without an id, or of a type that billing does not know. Raises
    `PermanentFailure` for what is not of Stripe's shape or cannot be stored.
    """
    if is_thin(event):
        return named(event)
    # By the object and not by the event's name: Stripe adds types of events, and several types
    # carry the same object.
    source = Node(event.payload)["data"]["object"]
    # A preview of the next invoice has an id in some shapes, and is no invoice in any.
    if event.type == "invoice.upcoming":
        return []
    change = translate_object(source.value)
    if change is None:
        return []
    kind = source["object"].value
    if event.type in (f"{kind}.deleted", _DISCOUNT_DELETED):
        change = replace(change, deleted=True)
    # A deletion says all there is: no update follows, and nothing was before that matters.
    if change.deleted:
        return [change]
    previous = Node(event.payload)["data"]["previous_attributes"]
    change = replace(
        change, is_first=event.type.endswith(".created"), before=_before(change, previous, source)
    )
    return [change, *embedded(source.value), *_implied(change)]


def translate_object(subject: Any) -> Change | None:
    """Return the change that an object tells of by itself, as when it was fetched.

    None for one without an id, of a type that billing does not know, or that tells of no change.
    Raises `PermanentFailure` for what is not of Stripe's shape or cannot be stored.
    """
    source = Node(subject, "data.object")
    kind = source["object"].value
    translator = _TRANSLATORS.get(kind) if isinstance(kind, str) else None
    if translator is None or not identifier(source):
        return None
    change = translator(source)
    if change is not None and source["deleted"].value is True:
        return replace(change, deleted=True)
    return change


def _before(now: Change, previous: Node, source: Node) -> dict[str, Any] | None:
    """Return the former values of the facts that an event changed; None where it can't be known."""
    if not isinstance(previous.value, Mapping):
        return None
    # Nothing changed, so what was before is what is now.
    if not previous.value:
        return {}
    try:
        was = translate_object(_rewound(source.value, previous.value))
    except PermanentFailure:
        # The object is sound, so its former state only costs the ordering an edge.
        return None
    if was is None:
        return None
    facts = now.facts()
    return {
        name: value for name, value in was.facts().items() if name in facts and facts[name] != value
    }


def _rewound(after: Mapping[str, Any], previous: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object as it was before a change."""
    # Of nested objects `previous_attributes` has the changed keys only; lists are whole.
    before = dict(after)
    for key, value in previous.items():
        now = after.get(key)
        if key == "metadata" and isinstance(value, Mapping) and isinstance(now, Mapping):
            # A pair that did not exist before is told as null.
            pairs = {**now, **value}
            before[key] = {name: text for name, text in pairs.items() if text is not None}
        elif isinstance(value, Mapping) and isinstance(now, Mapping):
            before[key] = _rewound(now, value)
        else:
            before[key] = value
    return before


def _implied(change: Change) -> list[Change]:
    """Return what refunds and disputes tell of their charge, of which Stripe may send no event."""
    if not isinstance(change, DisputeChange | RefundChange) or not isinstance(
        change.charge_id, str
    ):
        return []
    charge = partial(ChargeChange, provider_id=change.charge_id, complete=False)
    if isinstance(change, DisputeChange) and change.charge_id:
        return [charge(disputed=True)]
    if isinstance(change, RefundChange) and change.charge_id and change.status in RETURNED:
        return [charge(casts_doubt=change.provider_id)]
    return []


def embedded(subject: Any, most: int = MOST) -> list[Change]:
    """Return the changes of the refunds that a charge carries."""
    # Before 2022-11-15 it does, and may be all that is heard of them.
    source = Node(subject, "data.object")
    if source["object"].value != "charge":
        return []
    refunds = source["refunds"]["data"].up_to(most)
    return [payments.refund(refund) for refund in refunds if identifier(refund)]


def _translate_answer(_: str, subject: Any) -> list[Change]:
    change = translate_object(subject)
    if change is None:
        return []
    return [change, *embedded(subject, MOST_LISTED), *_implied(change)]


TRANSLATOR: Final = Translator(
    provider="stripe",
    event_types=EVENT_TYPES,
    translate=translate,
    translate_object=_translate_answer,
)
