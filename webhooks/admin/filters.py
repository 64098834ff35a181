"""Filters of the list of events; none of them reads the table to know its choices."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import F, QuerySet
from django.forms import DateField
from django.http import HttpRequest
from django.utils import timezone

from webhooks.admin.style import ChoiceFilter, DateRangeFilter, TextFilter
from webhooks.models import EventQuerySet, WebhookEvent
from webhooks.providers import PROVIDERS

Status = WebhookEvent.Status
Choices = list[tuple[str, str]]

# All within the partial index of pending events: however long the list, only those are read.
_WAITING: Final[dict[str, Callable[[EventQuerySet], QuerySet[WebhookEvent]]]] = {
    "due": lambda events: events.due(timezone.now()).order_by(),
    "in-flight": lambda events: events.in_flight(timezone.now()),
    "retrying": lambda events: events.filter(
        status=Status.PENDING,
        claimed_at__isnull=True,
        available_at__gt=timezone.now(),
        attempts__gt=F("schedule_start"),
    ),
}


class StatusFilter(ChoiceFilter):
    """The stored status, or what exactly a pending event is waiting for."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [
            (Status.FAILED, "Failed"),
            (Status.PENDING, "Pending"),
            ("due", "Pending: due"),
            ("in-flight", "Pending: in flight"),
            ("retrying", "Pending: to be retried"),
            (Status.PROCESSED, "Processed"),
            (Status.IGNORED, "Ignored"),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        if value in _WAITING:
            return _WAITING[value](queryset)
        return queryset.filter(status=value) if value else queryset


class ProviderFilter(ChoiceFilter):
    """One of the providers that this project knows."""

    title = "provider"
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(name, name.capitalize()) for name in PROVIDERS]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(provider=self.value()) if self.value() else queryset


class TypeFilter(TextFilter):
    """A filter by the beginning of the type, or by a pattern: `invoice`, `*.failed`."""

    title = "type (its beginning, or a pattern with *)"
    parameter_name = "type"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        # No database stores the NUL that an address can hold.
        value = (self.value() or "").strip().replace("\0", "")
        if not value:
            return queryset
        return queryset.of_type(value) if "*" in value else queryset.filter(type__startswith=value)


class DayRangeFilter(DateRangeFilter):
    """From the beginning of a day to the end of a day; what is not a date is no limit."""

    # By moments, not by `__date`: a function of the column would have no index.
    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        first = self._midnight("_from")
        last = self._midnight("_to")
        if first:
            queryset = queryset.filter(**{f"{self.field_path}__gte": first})
        # The calendar ends with a day that has no next one: nothing is later.
        if last and last.date() < date.max:
            queryset = queryset.filter(**{f"{self.field_path}__lt": last + timedelta(days=1)})
        return queryset

    def _midnight(self, end: str) -> datetime | None:
        typed = self.used_parameters.get(f"{self.field_path}{end}")
        try:
            day = DateField(required=False).clean(typed)
        except ValidationError:
            return None
        return timezone.make_aware(datetime.combine(day, time.min)) if day else None
