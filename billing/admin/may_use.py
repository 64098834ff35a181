"""What a customer may use now, and why: support's first question."""

from django.utils import timezone
from django.utils.html import format_html

from billing.entitlements import Entitlement, Reason, entitlement, entitlements
from billing.models import Customer, Subscription
from webhooks.admin.panels import Table
from webhooks.admin.values import NOTHING, Kind, badge, code, link, moment, search_url

_WARNINGS = frozenset({Reason.ENDING, Reason.RENEWAL_DUE, Reason.IN_GRACE})


def may_use(customer: Customer) -> Table:
    """Each product that the customer ever subscribed to, with the answer and the reason."""
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
    said = answer.explanation[:1].upper() + answer.explanation[1:]
    return [
        product,
        badge("Yes" if answer.allowed else "No", _kind(answer)),
        format_html("{}", said),
        moment(answer.until),
        subscription,
    ]


def _kind(answer: Entitlement) -> Kind:
    if not answer.allowed:
        return "danger"
    return "warning" if answer.reason in _WARNINGS else "success"
