"""The question that billing state is kept for: may this customer use that product now?

    entitlement(customer, "prod_gold", now=timezone.now()).allowed

Subscriptions are what is asked. A one-time purchase is not among them: a paid `CheckoutSession`
does not say which products were bought; see its `fulfillable`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Final

from django.conf import settings
from django.db.models import F

from billing.entitlements.reasons import ENDED, Entitlement, EntitlementReason
from billing.entitlements.subscriptions import assess, items_of
from billing.models import Customer, Invoice, Subscription
from billing.statuses import InvoiceStatus, SubscriptionStatus

__all__ = ["Entitlement", "EntitlementReason", "entitlement", "entitlements"]

_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


def entitlement(customer: Customer, product: str | None = None, *, now: datetime) -> Entitlement:
    """Whether a customer may use a product, by the provider's id of it, or any product at all.

    Of several subscriptions the best one answers: one that allows it, the longest. Where none
    does, one that can still come to allow it explains best. For what each state means and from
    when the grace (`BILLING_GRACE_DAYS`) counts, see `assess` in `subscriptions`. A deleted
    customer may nothing. Costs one query, and a second one for who is past due.
    """
    return _answer(customer, product, _standings(customer), now)


def entitlements(customer: Customer, *, now: datetime) -> dict[str, Entitlement]:
    """The same for each product that the customer ever subscribed to, in as many queries.

    A product that was exchanged for another in the same subscription is no longer there.
    """
    standings = _standings(customer)
    products = dict.fromkeys(
        item["product_id"] for one in standings for item in items_of(one.subscription)
    )
    return {product: _answer(customer, product, standings, now) for product in products if product}


@dataclass(frozen=True, slots=True)
class _Standing:
    subscription: Subscription
    unpaid_since: datetime | None


def _answer(
    customer: Customer, product: str | None, standings: Iterable[_Standing], now: datetime
) -> Entitlement:
    if customer.deleted:
        return Entitlement(
            False, EntitlementReason.CUSTOMER_DELETED, explanation="the customer was deleted"
        )
    grace = timedelta(days=settings.BILLING_GRACE_DAYS)
    answers = [
        assess(one.subscription, product, unpaid_since=one.unpaid_since, grace=grace, now=now)
        for one in standings
        if product is None
        or any(product == item["product_id"] for item in items_of(one.subscription))
    ]
    said = f"no subscription to {product}" if product else "never subscribed"
    nothing = Entitlement(False, EntitlementReason.NOT_SUBSCRIBED, explanation=said)
    return max(answers, key=_worth, default=nothing)


def _worth(answer: Entitlement) -> tuple[bool, bool, datetime]:
    unknown = _LAST if answer.allowed else _FIRST
    return answer.allowed, answer.reason not in ENDED, answer.until or unknown


def _standings(customer: Customer) -> list[_Standing]:
    """The customer's subscriptions, the newest first: of equals, it answers."""
    newest = F("created_at").desc(nulls_last=True)
    subscriptions = list(customer.related(Subscription).order_by(newest, "-pk"))
    behind = [one for one in subscriptions if one.status == SubscriptionStatus.PAST_DUE]
    invoices: dict[str, list[Invoice]] = {one.provider_id: [] for one in behind}
    if behind:
        found = Invoice.objects.filter(subscription_id__in=[*invoices], **customer.scope)
        for invoice in found.only("subscription_id", "status", "created_at", "due_at"):
            invoices[invoice.subscription_id].append(invoice)
    return [
        _Standing(one, _unpaid_since(invoices.get(one.provider_id, []))) for one in subscriptions
    ]


def _unpaid_since(invoices: Iterable[Invoice]) -> datetime | None:
    """When the first bill became due of those that came after the last one that was paid.

    A bill that is charged at once has no due date. Where past due subscriptions go on to be
    billed, each new bill would otherwise bring a new grace.
    """
    newest_first = sorted(invoices, key=lambda one: one.created_at or _FIRST, reverse=True)
    unpaid = takewhile(lambda one: one.status != InvoiceStatus.PAID, newest_first)
    due = [
        one.due_at or one.created_at
        for one in unpaid
        if one.status in (InvoiceStatus.OPEN, InvoiceStatus.UNCOLLECTIBLE)
    ]
    return min((moment for moment in due if moment), default=None)
