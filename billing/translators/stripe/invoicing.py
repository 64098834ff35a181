"""Stripe's customers, subscriptions and invoices, in the shapes of 2020 and of today.

Since 2025-03-31 (basil) a subscription's items tell the current period, and an invoice names its
subscription in `parent` and its payments in `payments`: https://docs.stripe.com/changelog/basil
"""

from collections.abc import Iterator
from datetime import datetime

from billing.changes import (
    UNKNOWN,
    CustomerChange,
    InvoiceChange,
    SubscriptionChange,
    SubscriptionItem,
    Text,
)
from billing.translators.fields import (
    LONGEST,
    MOST_LISTED,
    Node,
    boolean,
    first,
    integer,
    known,
    reference,
    text,
)
from billing.translators.moments import moment
from billing.translators.stripe.common import common, goes_on, identifier


def customer(source: Node) -> CustomerChange:
    """Translate a customer."""
    return CustomerChange(
        **common(source),
        email=text(source["email"], limit=512),
        name=text(source["name"], limit=LONGEST),
        phone=text(source["phone"], limit=LONGEST),
        currency=text(source["currency"]),
        balance=integer(source["balance"]),
        delinquent=boolean(source["delinquent"]),
        default_payment_method_id=reference(source["invoice_settings"]["default_payment_method"]),
    )


def subscription(source: Node) -> SubscriptionChange:
    """Translate a subscription with its items."""
    has_items = "items" in source
    return SubscriptionChange(
        **common(source),
        customer_id=reference(source["customer"]),
        latest_invoice_id=reference(source["latest_invoice"]),
        status=text(source["status"]),
        currency=text(source["currency"]),
        collection_method=text(source["collection_method"]),
        items=[_item(item) for item in _entries(source["items"])] if has_items else UNKNOWN,
        abridged=goes_on(source["items"]) if has_items else UNKNOWN,
        # Items may have periods of their own: the current period is the one that all are in.
        current_period_start=max(
            _moments(source, "current_period_start"),
            default=moment(source["current_period_start"]),
        ),
        current_period_end=min(
            _moments(source, "current_period_end"), default=moment(source["current_period_end"])
        ),
        trial_start=moment(source["trial_start"]),
        trial_end=moment(source["trial_end"]),
        started_at=moment(source["start_date"]),
        cancel_at=moment(source["cancel_at"]),
        cancel_at_period_end=boolean(source["cancel_at_period_end"]),
        canceled_at=moment(source["canceled_at"]),
        ended_at=moment(source["ended_at"]),
    )


def invoice(source: Node) -> InvoiceChange:
    """Translate an invoice."""
    intent, charge, is_certain = _paid_by(source["payments"])
    transitions = source["status_transitions"]
    return InvoiceChange(
        **common(source),
        customer_id=reference(source["customer"]),
        # The new place first: a basil invoice has no other, an old one nothing there.
        subscription_id=first(
            reference(source["parent"]["subscription_details"]["subscription"]),
            reference(source["subscription"]),
        ),
        payment_intent_id=first(intent, reference(source["payment_intent"])),
        charge_id=first(charge, reference(source["charge"])),
        abridged=not is_certain if "payments" in source else UNKNOWN,
        number=text(source["number"]),
        status=text(source["status"]),
        currency=text(source["currency"]),
        amount_due=integer(source["amount_due"]),
        amount_paid=integer(source["amount_paid"]),
        amount_remaining=integer(source["amount_remaining"]),
        subtotal=integer(source["subtotal"]),
        total=integer(source["total"]),
        billing_reason=text(source["billing_reason"]),
        collection_method=text(source["collection_method"]),
        attempt_count=integer(source["attempt_count"]),
        next_payment_attempt_at=moment(source["next_payment_attempt"]),
        due_at=moment(source["due_date"]),
        period_start=moment(source["period_start"]),
        period_end=moment(source["period_end"]),
        finalized_at=moment(transitions["finalized_at"]),
        paid_at=moment(transitions["paid_at"]),
        voided_at=moment(transitions["voided_at"]),
        marked_uncollectible_at=moment(transitions["marked_uncollectible_at"]),
    )


def invoice_payment(source: Node) -> InvoiceChange | None:
    """Translate an invoice's payment to what it adds to the invoice: with what it was paid.

    None for a payment that was not made.
    """
    paid = known(reference(source["invoice"]), "")
    if not paid or source["status"].value != "paid":
        return None
    intent, charge = _payment(source)
    return InvoiceChange(
        provider_id=paid, complete=False, payment_intent_id=intent, charge_id=charge
    )


def _paid_by(payments: Node) -> tuple[Text, Text, bool]:
    """Return the payment intent and the charge of that one of an invoice's payments that counts.

    And whether it is certain: of those that are not carried, one may count more.
    """
    # It is the one that paid the invoice, else the one that its customer is asked to make.
    best = max(_entries(payments), key=_weight, default=None)
    intent, charge = _payment(best) if best else (UNKNOWN, UNKNOWN)
    is_paid = best is not None and _weight(best)[0]
    return intent, charge, is_paid or not goes_on(payments)


def _weight(payment: Node) -> tuple[bool, bool]:
    return payment["status"].value == "paid", payment["is_default"].value is True


def _payment(source: Node) -> tuple[Text, Text]:
    """Return a payment's payment intent and its charge, of which it has one."""
    # With one of them given, the other is unknown here and not empty: both may exist.
    intent = reference(source["payment"]["payment_intent"])
    charge = reference(source["payment"]["charge"])
    return intent or UNKNOWN, charge or UNKNOWN


def _moments(source: Node, key: str) -> list[datetime]:
    found = [known(moment(item[key]), None) for item in _entries(source["items"])]
    return [one for one in found if one is not None]


def _entries(listed: Node) -> Iterator[Node]:
    return listed["data"].up_to(MOST_LISTED)


def _item(source: Node) -> SubscriptionItem:
    price, plan = source["price"], source["plan"]
    period_end = known(moment(source["current_period_end"]), None)
    # A plan is what a price was called before 2020; later shapes carry both.
    amount = known(integer(price["unit_amount"]), None)
    return SubscriptionItem(
        id=identifier(source),
        price_id=known(first(reference(price), reference(plan)), ""),
        product_id=known(first(reference(price["product"]), reference(plan["product"])), ""),
        quantity=known(integer(source["quantity"]), None),
        unit_amount=known(integer(plan["amount"]), None) if amount is None else amount,
        interval=known(first(text(price["recurring"]["interval"]), text(plan["interval"])), ""),
        current_period_end=period_end.isoformat() if period_end else None,
    )
