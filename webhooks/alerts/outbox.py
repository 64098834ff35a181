"""The messages about alerts: recorded with what they tell, and sent by whoever comes by.

A row is the message. Whoever sends it claims it first, by a lease, with `attempts` for a fencing
token; a sender that dies leaves it to the next. What a sender had sent when it died before it could
say so is sent again: no receiver can tell.
"""

import random
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from webhooks.alerts.addresses import addresses, send
from webhooks.alerts.messages import compose
from webhooks.conf import RetryPolicy
from webhooks.events import Clock
from webhooks.models import Alert, AlertMessage

Kind = AlertMessage.Kind

LEASE: Final = timedelta(minutes=5)
"""Far longer than sending may take: two senders never have the same message."""

MOST_AT_ONCE: Final = 20
"""What is left waits for the next turn, so that evaluating does not."""

RETRIES: Final = RetryPolicy(base=30.0, factor=2.0, cap=3600.0, max_attempts=14)
"""Half a day, within which somebody mends a receiver; then it is given up, and shown as such."""


def put_in(alert: Alert, kind: Kind, *, now: datetime) -> None:
    """Record a message to each address, in the transaction of what it tells."""
    AlertMessage.objects.bulk_create(
        AlertMessage(
            alert=alert,
            kind=kind,
            address=address.key,
            address_name=address.name,
            created_at=now,
            due_at=now,
        )
        for address in addresses()
    )


def deliver(*, clock: Clock = timezone.now) -> int:
    """Send what is due, and return how many were sent. Never call it in a transaction."""
    sent, failing = 0, set[str]()
    for _ in range(MOST_AT_ONCE):
        message = _claim(failing, now=clock())
        if message is None:
            break
        error = _send(message)
        # One that hangs keeps its own messages waiting, and no others.
        if error:
            failing.add(message.address)
        sent += not error
        _settle(message, error, now=clock())
    return sent


def _due(but: Collection[str], now: datetime) -> QuerySet[AlertMessage]:
    waiting = AlertMessage.objects.filter(sent_at=None, given_up_at=None)
    # In order: nobody is to hear that it is over before they have heard that it began.
    earlier = waiting.filter(
        alert=OuterRef("alert"), address=OuterRef("address"), pk__lt=OuterRef("pk")
    )
    due = waiting.filter(~Exists(earlier), due_at__lte=now).exclude(address__in=but)
    return due.order_by("due_at", "pk")


def _claim(but: Collection[str], *, now: datetime) -> AlertMessage | None:
    due = _due(but, now)
    # Asked first without a lock: nearly always there is nothing.
    if not due.exists():
        return None
    with transaction.atomic():
        message = due.select_for_update(skip_locked=True).first()
        if message is not None:
            message.attempts += 1
            message.due_at = now + LEASE
            message.save(update_fields=["attempts", "due_at"])
    return message


def _send(message: AlertMessage) -> str:
    address = next((each for each in addresses() if each.key == message.address), None)
    if address is None:
        return "its address is not in ALERT_URLS any more"
    title, body = compose(message)
    return send(address, title, body, is_good=message.kind == Kind.RESOLVED)


def _settle(message: AlertMessage, error: str, *, now: datetime) -> None:
    mine = AlertMessage.objects.filter(pk=message.pk, attempts=message.attempts)
    if not error:
        mine.update(sent_at=now, error="")
        return
    wait = RETRIES.delay(message.attempts, random.random())  # noqa: S311
    if wait is None:
        mine.update(given_up_at=now, error=error)
    else:
        mine.update(due_at=now + wait, error=error)
