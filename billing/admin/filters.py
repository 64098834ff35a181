"""Filters of the lists of billing objects."""

from enum import StrEnum
from typing import Any

from django.http import HttpRequest

from webhooks.admin.style import DropdownFilter


def status_filter(states: type[StrEnum]) -> type[Any]:
    """Return a filter by status. Providers may add states: only those known here are offered."""

    # A class for each model: Django makes the filter itself and passes no arguments of ours.
    class ObjectStatusFilter(DropdownFilter):
        title = "status"
        parameter_name = "status"

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return [(state, state.replace("_", " ").capitalize()) for state in states]

        def queryset(self, request: HttpRequest, queryset: Any) -> Any:
            # No database stores the NUL that an address can hold.
            value = (self.value() or "").replace("\0", "")
            return queryset.filter(status=value) if value else queryset

    return ObjectStatusFilter
