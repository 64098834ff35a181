"""Entitlements: may this customer use that product now?

    entitlement(customer, "prod_gold", now=timezone.now()).allowed

Only subscriptions entitle. One-time purchases do not: a paid `CheckoutSession` does not say which
products were bought; see its `fulfillable`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Final

from django.db.models import F, Q

from billing import conf
from billing.entitlements.reasons import ENDED, Entitlement, EntitlementReason
from billing.entitlements.subscriptions import assess, items_of
from billing.models import Customer, Invoice, ProviderObject, Subscription
from billing.statuses import InvoiceStatus, SubscriptionStatus

__all__ = ["Entitlement", "EntitlementReason", "entitlement", "entitlements"]

_OF_INVOICES: Final = (
    *("provider_id", "subscription_id", "status", "created_at", "due_at"),
    *("in_doubt", "snapshot_event_id", "fetched_at", "abridged"),
)
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


def entitlement(customer: Customer, product: str | None = None, *, now: datetime) -> Entitlement:
    """Return a customer's entitlement to a product, by the provider's id of it, or to any product.

    Of several subscriptions the best one decides: the one that allows the product for longest or,
    where none does, one that may still come to allow it. For the meaning of each status, and for
    the start of the grace (`BILLING_GRACE_DAYS`), see `assess` in `subscriptions`. A deleted
    customer is entitled to nothing. Costs one query, and a second one for the past due.

    The answer is `in_doubt` where an object that it rests on is: of a refusal, every subscription
    of the customer's, since each could have allowed it.
    """
    return _best(customer, product, _candidates(customer), now)


def entitlements(customer: Customer, *, now: datetime) -> dict[str, Entitlement]:
    """Return the entitlement to each product that the customer subscribed to, in as few queries.

    A product that was exchanged for another in the same subscription is no longer there.
    """
    candidates = _candidates(customer)
    products = dict.fromkeys(
        item["product_id"] for one in candidates for item in items_of(one.subscription)
    )
    return {product: _best(customer, product, candidates, now) for product in products if product}


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A subscription that may entitle, and the time since when its customer owes a payment.

    `in_doubt` are the objects among it and its invoices that are.
    """

    subscription: Subscription
    unpaid_since: datetime | None
    in_doubt: Sequence[ProviderObject]


def _best(
    customer: Customer, product: str | None, candidates: Sequence[_Candidate], now: datetime
) -> Entitlement:
    if customer.deleted:
        return Entitlement(
            False,
            EntitlementReason.CUSTOMER_DELETED,
            explanation="the customer was deleted",
            doubt=_phrase([customer]),
        )
    # Each is decided at the same `now`, so that no answer depends on how long the others took.
    grace = timedelta(days=conf.setting("BILLING_GRACE_DAYS"))
    answers = [
        assess(one.subscription, product, unpaid_since=one.unpaid_since, grace=grace, now=now)
        for one in candidates
        if product is None
        or any(product == item["product_id"] for item in items_of(one.subscription))
    ]
    explanation = f"no subscription to {product}" if product else "never subscribed"
    nothing = Entitlement(False, EntitlementReason.NOT_SUBSCRIBED, explanation=explanation)
    # Of equals `max` takes the first, which is the newest subscription.
    best = max(answers, key=_rank, default=nothing)
    return replace(best, doubt=_phrase(_rests_on(best, customer, candidates)))


def _rests_on(
    answer: Entitlement, customer: Customer, candidates: Sequence[_Candidate]
) -> list[ProviderObject]:
    """Return the objects in doubt that could make this another answer."""
    # What allows is enough. What refuses must have been the last hope.
    deciding = [
        one
        for one in candidates
        if not answer.allowed or one.subscription.provider_id == answer.subscription_id
    ]
    in_doubt = [each for one in deciding for each in one.in_doubt]
    # Whoever was only named may have subscriptions that nothing has told of either.
    return in_doubt if answer.allowed or not customer.is_only_named else [*in_doubt, customer]


def _phrase(rows: Iterable[ProviderObject]) -> str:
    return "; ".join(f"{_name(row)}: {row.doubt}" for row in rows if row.in_doubt)


def _name(row: ProviderObject) -> str:
    # Who may ask for entitlements sees subscriptions; which invoices there are is for others.
    return "an invoice" if isinstance(row, Invoice) else row.provider_id


def _rank(answer: Entitlement) -> tuple[bool, bool, datetime]:
    # An allowance without a known end outlasts the others; a refusal without one explains least.
    unknown = _LAST if answer.allowed else _FIRST
    return answer.allowed, answer.reason not in ENDED, answer.until or unknown


def _candidates(customer: Customer) -> list[_Candidate]:
    """Return the customer's subscriptions, the newest first."""
    newest = F("created_at").desc(nulls_last=True)
    subscriptions = list(customer.related(Subscription).order_by(newest, "-pk"))
    behind = [one for one in subscriptions if one.status == SubscriptionStatus.PAST_DUE]
    # One query for all of them, and none where nobody is behind.
    invoices = _invoices_of(customer, behind) if behind else {}
    return [_candidate(one, invoices.get(one.provider_id, [])) for one in subscriptions]


def _candidate(subscription: Subscription, invoices: Sequence[Invoice]) -> _Candidate:
    in_doubt = [one for one in (subscription, *invoices) if one.in_doubt]
    return _Candidate(subscription, _unpaid_since(invoices), in_doubt)


def _invoices_of(customer: Customer, behind: Sequence[Subscription]) -> Mapping[str, list[Invoice]]:
    """Return the invoices of each of these subscriptions, by its id."""
    invoices: dict[str, list[Invoice]] = {one.provider_id: [] for one in behind}
    # An invoice that was only named does not name its subscription; the latest is named by it.
    named = {one.latest_invoice_id: one.provider_id for one in behind if one.latest_invoice_id}
    wanted = Q(subscription_id__in=[*invoices]) | Q(provider_id__in=[*named])
    for invoice in Invoice.objects.filter(wanted, **customer.scope).only(*_OF_INVOICES):
        owner = invoice.subscription_id or named.get(invoice.provider_id, "")
        if owner in invoices:
            invoices[owner].append(invoice)
    return invoices


def _unpaid_since(invoices: Iterable[Invoice]) -> datetime | None:
    """Return the due time of the oldest invoice that is unpaid since the last paid one."""
    # The oldest: a past due subscription may go on to be invoiced, and each new invoice would
    # otherwise bring a new grace. One that is charged at once has no due date.
    newest_first = sorted(invoices, key=lambda one: one.created_at or _FIRST, reverse=True)
    unpaid = takewhile(lambda one: one.status != InvoiceStatus.PAID, newest_first)
    due = [
        one.due_at or one.created_at
        for one in unpaid
        if one.status in (InvoiceStatus.OPEN, InvoiceStatus.UNCOLLECTIBLE)
    ]
    return min((moment for moment in due if moment), default=None)
