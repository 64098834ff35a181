"""Translates PayPal's orders, payments, refunds, disputes, subscriptions and invoices to changes.

https://developer.paypal.com/api/rest/webhooks/event-names/. An event carries its object whole, with
the time of its last change in seconds: of two within one second the usual order of the states
decides. Money is decimal text.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from billing.changes import Change
from billing.order_rules import OrderRules, lifecycle
from billing.statuses import ChargeStatus, DisputeStatus
from billing.translators.base import Translator
from billing.translators.fields import Node, known, word
from billing.translators.paypal import invoicing, payments
from webhooks.events import Event


def translate(event: Event) -> list[Change]:
    """Return the changes that an event tells of, none for what billing has no place for.

    Raises `PermanentFailure` for what is not of PayPal's shape or cannot be stored.
    """
    payload = Node(event.payload)
    kind = known(word(payload["resource_type"], {}), "")
    translator = _TRANSLATORS.get(kind)
    return list(translator(payload["resource"])) if translator else []


def translate_object(object_type: str, subject: Any) -> list[Change]:
    """Return the changes that an object tells of by itself: its own first."""
    kind = _KINDS.get(object_type)
    return list(_TRANSLATORS[kind](Node(subject))) if kind else []


_TRANSLATORS: Final[Mapping[str, Callable[[Node], Iterator[Change]]]] = {
    "capture": payments.capture,
    "sale": payments.sale,
    "refund": payments.refund,
    "authorization": payments.authorization,
    "checkout-order": payments.order,
    "dispute": payments.dispute,
    "subscription": invoicing.subscription,
    "invoices": invoicing.invoice,
}
_KINDS: Final = {
    "charge": "capture",
    "refund": "refund",
    "payment_intent": "authorization",
    "checkout.session": "checkout-order",
    "dispute": "dispute",
    "subscription": "subscription",
    "invoice": "invoices",
}

TRANSLATOR: Final = Translator(
    provider="paypal",
    event_types=(
        *("CHECKOUT.ORDER.*", "PAYMENT.CAPTURE.*", "PAYMENT.SALE.*", "PAYMENT.REFUND.*"),
        *("PAYMENT.AUTHORIZATION.*", "CUSTOMER.DISPUTE.*", "BILLING.SUBSCRIPTION.*"),
        "INVOICING.INVOICE.*",
    ),
    translate=translate,
    translate_object=translate_object,
    order={
        "charge": OrderRules(
            lifecycle=lifecycle(
                [{ChargeStatus.PENDING}], [{ChargeStatus.SUCCEEDED, ChargeStatus.FAILED}]
            ),
            monotonic=("disputed",),
        ),
        # An inquiry may become a chargeback; what is resolved stays so.
        "dispute": OrderRules(
            lifecycle=lifecycle(
                [
                    {DisputeStatus.WARNING_NEEDS_RESPONSE},
                    {DisputeStatus.WARNING_UNDER_REVIEW},
                    {DisputeStatus.NEEDS_RESPONSE},
                    {DisputeStatus.UNDER_REVIEW},
                ],
                [{DisputeStatus.WON, DisputeStatus.LOST}],
            )
        ),
    },
)
