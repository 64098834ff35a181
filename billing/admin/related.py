"""From one object to the others that it names or is named by."""

from collections.abc import Iterator
from typing import Final

from django.http import HttpRequest

from billing.admin.columns import COLUMNS
from billing.admin.values import REFERENCES, flagged, label, value
from billing.models import MODELS, Customer, ProviderObject
from webhooks.admin.panels import Fact, Panel, Table, Withheld
from webhooks.admin.related import events_panel
from webhooks.admin.values import NOTHING, code, search_url
from webhooks.models.permissions import may_view

SHOWN: Final = 10


def references(model: type[ProviderObject]) -> list[str]:
    """Return the columns of a model that name other objects."""
    return [field.name for field in model._meta.concrete_fields if field.name in REFERENCES]


def named_by(request: HttpRequest, row: ProviderObject) -> list[Fact]:
    """Return the objects that this one names, with links to those that have arrived."""
    names = references(type(row))
    return [Fact(label(type(row), name), _named(request, row, name)) for name in names]


def _named(request: HttpRequest, row: ProviderObject, name: str) -> str:
    provider_id: str = getattr(row, name)
    if not provider_id:
        return NOTHING
    # The id is this object's own. That the other has arrived is for those who may see it.
    if not may_view(request.user, REFERENCES[name]):
        return code(provider_id)
    # Events arrive in any order: what is named may not be here yet.
    found = row.follow(REFERENCES[name], name)
    return flagged(found) if found else code(provider_id)


def naming(request: HttpRequest, row: ProviderObject) -> Iterator[Panel]:
    """Yield the latest objects of each kind that name this one."""
    for model in MODELS.values():
        for name in references(model):
            if REFERENCES[name] is type(row):
                viewable = may_view(request.user, model)
                yield _table(request, row, model, name) if viewable else Withheld()


def _table(
    request: HttpRequest, row: ProviderObject, model: type[ProviderObject], name: str
) -> Table:
    shown = [column for column in (*COLUMNS[model], "created_at") if column != name]
    # By the column's index, a few rows only: a customer of years may have thousands.
    rows = row.related(model, name).order_by("-id")[:SHOWN]
    return Table(
        str(model._meta.verbose_name_plural).capitalize(),
        [label(model, column) for column in ("provider_id", *shown)],
        [
            [
                flagged(other),
                *(value(request, other, column) for column in shown),
            ]
            for other in rows
        ],
        more_url=search_url(model, row.provider_id),
    )


def events_about(request: HttpRequest, row: ProviderObject) -> Panel:
    """Return the latest events about an object, or about whatever is a customer's."""
    column = "customer_id" if isinstance(row, Customer) else "object_id"
    return events_panel(
        request, "Recent events", term=row.provider_id, **{column: row.provider_id}, **row.scope
    )
