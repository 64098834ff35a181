"""An object's facts, at a glance."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from django.db.models import DateTimeField, Field
from django.http import HttpRequest
from django.utils.html import format_html

from billing.admin.related import named_by
from billing.admin.values import IN_DOUBT, REFERENCES, flags, is_money, label, value
from billing.models import ProviderObject
from billing.reach import hindrance
from webhooks.admin.panels import Fact, Facts
from webhooks.admin.related import events_url
from webhooks.admin.values import (
    NOTHING,
    code,
    dashboard_link,
    link_if_viewable,
    mode,
    moment,
)
from webhooks.models import WebhookEvent

# As a text: Django's fields can't be subscripted while the program runs.
AnyField: TypeAlias = "Field[Any, Any]"

_COMMON: Final = frozenset(field.name for field in ProviderObject._meta.local_fields)


def object_facts(request: HttpRequest, row: ProviderObject) -> Facts:
    """Return what an object is, what it belongs to, its amounts, and its dates."""
    return Facts(
        str(row._meta.verbose_name).capitalize(),
        [
            [_identity(row), *_doubt(row), *_own(request, row, _is_other)],
            named_by(request, row),
            [
                *_own(request, row, lambda field: is_money(field.name)),
                _fact(request, row, "created_at"),
                *_own(request, row, _is_moment),
            ],
        ],
    )


def record_facts(request: HttpRequest, row: ProviderObject) -> Facts:
    """Return an object's account, and which event or answer its state was taken from."""
    source = "the provider, when asked" if row.fetched_at else NOTHING
    if last := row.snapshot_event_id:
        source = link_if_viewable(request, WebhookEvent, events_url(last), code(last))
    return Facts(
        "Record",
        [
            [
                Fact("Provider", row.provider.capitalize()),
                Fact("Account", code(row.account) if row.account else "our own"),
                Fact("As of", moment(row.snapshot_at)),
                Fact("Comes from", source),
                Fact("Asked for", moment(row.fetched_at)),
                Fact("Updated here", moment(row.updated_at)),
                Fact("Metadata", value(request, row, "metadata"), wide=True),
            ]
        ],
    )


def _identity(row: ProviderObject) -> Fact:
    there = dashboard_link(
        row.provider, row.object_type, row.provider_id, row.account, row.livemode
    )
    name = format_html("{} {} {} {}", code(row.provider_id), mode(row.livemode), flags(row), there)
    return Fact("Id", name)


def _doubt(row: ProviderObject) -> list[Fact]:
    if not row.in_doubt:
        return []
    told = row.doubt[:1].upper() + row.doubt[1:]
    if why := hindrance(row.scope):
        return [Fact(IN_DOUBT, format_html("{}. {}", told, why), wide=True)]
    # To copy: whoever reads this page is not always the one who may run commands.
    command = f"reconcile_billing --type {row.object_type} --id {row.provider_id} --repair"
    said = format_html(
        "{}. {} asks {}.",
        told,
        code(command),
        row.provider.capitalize(),
    )
    return [Fact(IN_DOUBT, said, wide=True)]


def _own(
    request: HttpRequest, row: ProviderObject, wanted: Callable[[AnyField], bool]
) -> list[Fact]:
    # Read from the model, so that a column added to it shows up without a line here.
    return [
        _fact(request, row, field.name)
        for field in row._meta.concrete_fields
        if not field.primary_key and field.name not in _COMMON and wanted(field)
    ]


def _is_moment(field: AnyField) -> bool:
    return isinstance(field, DateTimeField)


def _is_other(field: AnyField) -> bool:
    return not (_is_moment(field) or is_money(field.name) or field.name in REFERENCES)


def _fact(request: HttpRequest, row: ProviderObject, name: str) -> Fact:
    return Fact(label(type(row), name), value(request, row, name))
