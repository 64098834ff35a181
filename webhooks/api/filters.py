"""Choosing rows by query parameters, none of which is quietly passed over."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from webhooks.api.pagination import PARAMETERS
from webhooks.database.text import LONGEST_NAME


class StrictFilterBackend(DjangoFilterBackend):
    """Refuses what is not a parameter: one mistyped, or left empty, would return everything."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> Any:
        filterset = self.get_filterset_class(view, queryset)
        filters = filterset.base_filters if filterset else {}
        if errors := dict(_errors(request, filters)):
            raise ValidationError(errors)
        return super().filter_queryset(request, queryset, view)


def _errors(request: Request, filters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, values in request.query_params.lists():
        if name not in filters and name not in PARAMETERS:
            yield name, "There is no such parameter."
        # Django would go by the last of them, and pass over the others.
        elif len(values) > 1:
            yield name, "Given more than once."
        elif not values[0] and not isinstance(filters.get(name), AccountFilter):
            yield name, "May not be empty."


@extend_schema_field({"type": "string", "minLength": 1, "maxLength": LONGEST_NAME})
class ExactFilter(django_filters.CharFilter):
    """Exactly this text."""

    # Django's field would strip it, and so find what was not asked for.
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, max_length=LONGEST_NAME, strip=False, **kwargs)


@extend_schema_field({"type": "boolean"})
class FlagFilter(django_filters.TypedChoiceFilter):
    """`true` or `false`, and nothing else."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        choices = [("true", "true"), ("false", "false")]
        super().__init__(*args, choices=choices, coerce=lambda text: text == "true", **kwargs)


class _MomentField(django_filters.fields.IsoDateTimeField):
    def to_python(self, value: Any) -> datetime | None:
        moment: datetime | None = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        # The first hours of year 1, east of Greenwich, are before any moment there is in UTC.
        except OverflowError as error:
            raise forms.ValidationError("No such moment.", code="invalid") from error


class MomentFilter(django_filters.IsoDateTimeFilter):
    """A moment in ISO 8601, in UTC unless it says otherwise."""

    field_class = _MomentField


@extend_schema_field({"type": "string", "maxLength": LONGEST_NAME})
class AccountFilter(ExactFilter):
    """A connected account; the empty text means our own."""

    def filter(self, queryset: Any, value: str | None) -> Any:
        given = self.parent is not None and self.field_name in self.parent.data
        return queryset.filter(account=value or "") if given else queryset
