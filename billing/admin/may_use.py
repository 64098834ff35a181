"""A customer's entitlements now, and their reasons: support's first question."""

from typing import Final

from django.utils import timezone
from django.utils.html import format_html

from billing.admin.values import IN_DOUBT
from billing.entitlements import Entitlement, EntitlementReason, entitlement, entitlements
from billing.entitlements.reasons import ENDED
from billing.models import Customer, Subscription
from webhooks.admin.panels import Table
from webhooks.admin.values import (
    NOTHING,
    BadgeKind,
    badge,
    code,
    link,
    moment,
    search_url,
    two_lines,
)

_WARNINGS: Final = frozenset(
    {EntitlementReason.ENDING, EntitlementReason.RENEWAL_DUE, EntitlementReason.IN_GRACE}
)
_NEITHER: Final = ENDED | {EntitlementReason.NOT_SUBSCRIBED}
"""A no with which nothing is wrong."""


def may_use(customer: Customer) -> Table:
    """Return each product that the customer ever subscribed to, with the answer and the reason."""
    now = timezone.now()
    answers = entitlements(customer, now=now)
    rows = [_row(code(product), answer) for product, answer in answers.items()]
    return Table(
        "May use",
        ["Product", "Now", "Why", "Until", "Subscription"],
        rows or [_row("any product", entitlement(customer, now=now))],
    )


def _row(product: str, answer: Entitlement) -> list[str]:
    subscription = NOTHING
    if answer.subscription_id:
        found = search_url(Subscription, answer.subscription_id)
        subscription = link(found, code(answer.subscription_id))
    said = format_html("{}", answer.explanation[:1].upper() + answer.explanation[1:])
    if answer.in_doubt:
        said = two_lines(said, format_html("{} {}", badge(IN_DOUBT, "danger"), answer.doubt))
    return [
        product,
        badge("Yes" if answer.allowed else "No", _kind(answer)),
        said,
        moment(answer.until),
        subscription,
    ]


def _kind(answer: Entitlement) -> BadgeKind:
    if not answer.allowed:
        return "" if answer.reason in _NEITHER else "danger"
    return "warning" if answer.reason in _WARNINGS else "success"
