"""A customer's entitlements now, and their reasons: support's first question."""

from collections.abc import Set
from typing import Final

from django.utils import timezone
from django.utils.html import format_html

from billing.admin.values import IN_DOUBT
from billing.entitlements import Entitlement, EntitlementReason, entitlement, entitlements
from billing.entitlements.reasons import ENDED
from billing.models import Customer, Subscription
from webhooks.admin.panels import Table
from webhooks.admin.values import NOTHING, BadgeKind, badge, code, link, moment, search_url

_WARNINGS: Final = frozenset(
    {EntitlementReason.ENDING, EntitlementReason.RENEWAL_DUE, EntitlementReason.IN_GRACE}
)
_NEITHER: Final = ENDED | {EntitlementReason.NOT_SUBSCRIBED}
"""A no with which nothing is wrong."""


def may_use(customer: Customer) -> Table:
    """Return each product that the customer ever subscribed to, with the answer and the reason."""
    now = timezone.now()
    answers = entitlements(customer, now=now)
    # One query for all rows: an answer that rests on a doubtful subscription says so.
    in_doubt = frozenset(
        customer.related(Subscription).filter(in_doubt=True).values_list("provider_id", flat=True)
    )
    rows = [_row(code(product), answer, in_doubt) for product, answer in answers.items()]
    return Table(
        "May use",
        ["Product", "Now", "Why", "Until", "Subscription"],
        rows or [_row("any product", entitlement(customer, now=now), in_doubt)],
    )


def _row(product: str, answer: Entitlement, in_doubt: Set[str]) -> list[str]:
    subscription = NOTHING
    if answer.subscription_id:
        found = search_url(Subscription, answer.subscription_id)
        doubt = badge(IN_DOUBT, "danger") if answer.subscription_id in in_doubt else ""
        subscription = format_html("{} {}", link(found, code(answer.subscription_id)), doubt)
    said = answer.explanation[:1].upper() + answer.explanation[1:]
    return [
        product,
        badge("Yes" if answer.allowed else "No", _kind(answer)),
        format_html("{}", said),
        moment(answer.until),
        subscription,
    ]


def _kind(answer: Entitlement) -> BadgeKind:
    if not answer.allowed:
        return "" if answer.reason in _NEITHER else "danger"
    return "warning" if answer.reason in _WARNINGS else "success"
