"""From one object to the others that it names or is named by."""

from collections.abc import Iterator
from typing import Final

from django.utils.html import format_html

from billing.admin.columns import COLUMNS
from billing.admin.values import REFERENCES, flags, label, value
from billing.models import MODELS, Customer, ProviderObject
from webhooks.admin.panels import Fact, Table
from webhooks.admin.related import events_panel
from webhooks.admin.values import NOTHING, code, link, page_url, search_url

SHOWN: Final = 10


def references(model: type[ProviderObject]) -> list[str]:
    """Return the columns of a model that name other objects."""
    return [field.name for field in model._meta.concrete_fields if field.name in REFERENCES]


def named_by(row: ProviderObject) -> list[Fact]:
    """Return the objects that this one names, with links to those that have arrived."""
    return [Fact(label(type(row), name), _named(row, name)) for name in references(type(row))]


def _named(row: ProviderObject, name: str) -> str:
    provider_id: str = getattr(row, name)
    if not provider_id:
        return NOTHING
    # Events arrive in any order: what is named may not be here yet.
    found = row.follow(REFERENCES[name], name)
    return link(page_url(found), code(provider_id)) if found else code(provider_id)


def naming(row: ProviderObject) -> Iterator[Table]:
    """Yield the latest objects of each kind that name this one."""
    for model in MODELS.values():
        for name in references(model):
            if REFERENCES[name] is type(row):
                yield _table(row, model, name)


def _table(row: ProviderObject, model: type[ProviderObject], name: str) -> Table:
    shown = [column for column in (*COLUMNS[model], "created_at") if column != name]
    # By the column's index, a few rows only: a customer of years may have thousands.
    rows = row.related(model, name).order_by("-id")[:SHOWN]
    return Table(
        str(model._meta.verbose_name_plural).capitalize(),
        [label(model, column) for column in ("provider_id", *shown)],
        [
            [
                format_html("{} {}", link(page_url(other), code(other.provider_id)), flags(other)),
                *(value(other, column) for column in shown),
            ]
            for other in rows
        ],
        more_url=search_url(model, row.provider_id),
    )


def events_about(row: ProviderObject) -> Table:
    """Return the latest events about an object, or about whatever is a customer's."""
    column = "customer_id" if isinstance(row, Customer) else "object_id"
    return events_panel(
        "Recent events", term=row.provider_id, **{column: row.provider_id}, **row.scope
    )
