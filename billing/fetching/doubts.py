"""Doubts that the provider did not settle when it was asked: they wait ever longer."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet

from billing.models import MODELS, ProviderObject
from billing.reach import askable, beside_live

SHORTEST: Final = timedelta(minutes=1)


def to_settle(*, now: datetime) -> list[QuerySet[Any]]:
    """Return the objects in doubt which the provider is to be asked for, by type."""
    is_due = Q(ask_after=None) | Q(ask_after__lte=now)
    return [
        model._default_manager.filter(is_due, askable(name), in_doubt=True).exclude(beside_live())
        for name, model in MODELS.items()
    ]


def is_postponed(row: ProviderObject | None, *, now: datetime) -> bool:
    """True for an object that the provider was asked for in vain a short while ago."""
    return row is not None and row.ask_after is not None and row.ask_after > now


def postpone(row: ProviderObject, *, now: datetime) -> None:
    """Put off the next question about an object that is in doubt still; call after each answer.

    It doubles the time since an event was last heard: what the provider has not, or can't tell in
    full, is asked for a few times in a year, and not every minute.
    """
    ask_after = None
    if row.in_doubt:
        ask_after = now + max(now - _last_heard(row, now), SHORTEST)
    if ask_after != row.ask_after:
        # By the column alone: events may have changed the rest since.
        type(row)._default_manager.filter(pk=row.pk).update(ask_after=ask_after)


def _last_heard(row: ProviderObject, now: datetime) -> datetime:
    heard = [
        one.observed_at
        for one in row.unpack_snapshots(row.facts())
        if one.observed_at and not one.is_answer
    ]
    # An answer replaces the events that it covers; the object's own age stands for theirs.
    return max(heard, default=row.created_at or now - timedelta(days=1))
