"""The filters of lists in Django's own admin: links to choose from, and small forms."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import BooleanFieldListFilter, FieldListFilter, SimpleListFilter
from django.contrib.admin.views.main import PAGE_VAR
from django.http import HttpRequest

__all__ = ["BooleanFilter", "ChoiceFilter", "DateRangeFilter", "DropdownFilter", "TextFilter"]

# Radio buttons and menus in unfold are lists of links here, which Django's own filters draw.
BooleanFilter = BooleanFieldListFilter
ChoiceFilter = SimpleListFilter
DropdownFilter = SimpleListFilter


class TextFilter(SimpleListFilter):
    """Takes a text that is typed."""

    template = "webhooks/plain/typed_filter.html"

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        self._kept = _others(request, [str(self.parameter_name)])
        super().__init__(request, *args)

    # Django leaves out a filter that has nothing to choose from.
    def has_output(self) -> bool:
        return True

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return []

    def choices(self, changelist: Any) -> Iterator[Any]:
        yield _form("text", [("", self.parameter_name, self.value() or "")], self._kept)


class DateRangeFilter(FieldListFilter):
    """Takes a first and a last day, as `FIELD_from` and `FIELD_to`; either may be left out."""

    template = "webhooks/plain/typed_filter.html"

    def __init__(
        self,
        field: Any,
        request: HttpRequest,
        params: dict[str, Any],
        model: Any,
        model_admin: Any,
        field_path: str,
    ) -> None:
        self.field_path = field_path
        names = [str(name) for name in self.expected_parameters()]
        self._kept = _others(request, names)
        # Taken out here: what is left in `params` Django would try as look-ups of the model.
        typed = {name: params.pop(name)[-1] for name in names if name in params}
        super().__init__(field, request, params, model, model_admin, field_path)
        self.used_parameters.update({name: value for name, value in typed.items() if value})

    def expected_parameters(self) -> list[str | None]:
        return [f"{self.field_path}_from", f"{self.field_path}_to"]

    def choices(self, changelist: Any) -> Iterator[Any]:
        inputs = [
            (label, name, self.used_parameters.get(str(name), ""))
            for label, name in zip(("From", "To"), self.expected_parameters(), strict=True)
        ]
        yield _form("date", inputs, self._kept)


def _form(kind: str, inputs: list[Any], kept: list[tuple[str, str]]) -> dict[str, Any]:
    return {"kind": kind, "inputs": inputs, "kept": kept}


def _others(request: HttpRequest, own: list[str]) -> list[tuple[str, str]]:
    # A form's address is made of its own fields only: the other filters and the search come along
    # as hidden ones. The page doesn't, as another selection begins at its first.
    dropped = {*own, PAGE_VAR}
    return [
        (name, value)
        for name, values in request.GET.lists()
        if name not in dropped
        for value in values
    ]
