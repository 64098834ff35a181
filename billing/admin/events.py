"""Billing's panels on the page of an event."""

from collections.abc import Collection, Iterator

from django.http import HttpRequest

from billing.admin.history import change_cells
from billing.admin.values import flagged
from billing.models import MODELS, BillingChange, ProviderObject
from webhooks.admin.panels import EventKey, Fact, Facts, Panel, Table, Withheld
from webhooks.admin.values import code, two_lines
from webhooks.models.permissions import may_view


def billing_panels(request: HttpRequest, event: EventKey) -> Iterator[Panel]:
    """Yield what an event changed, and links to the objects that it is about."""
    viewable = [name for name, model in MODELS.items() if may_view(request.user, model)]
    # By the permissions alone: a note that came only with rows to keep back would tell of them.
    if len(viewable) < len(MODELS):
        yield Withheld()
    if may_view(request.user, BillingChange):
        yield _changes(event, viewable)
    else:
        yield Withheld()
    # An event may have changed nothing and still be about objects that are known.
    about = {"customer": event.customer_id, event.object_type: event.object_id}
    found = [_object(event, name, key) for name, key in about.items() if name in viewable]
    if objects := [row for row in found if row]:
        yield Facts("In billing", [[_fact(row) for row in objects]])


def _changes(event: EventKey, viewable: Collection[str]) -> Table:
    changes = BillingChange.objects.filter(
        event_id=event.event_id, provider=event.provider, object_type__in=viewable
    )
    return Table(
        "What it changed",
        ["Object", "Made", "Verdict", "What changed"],
        [_row(event, change) for change in changes.order_by("id")],
        empty="nothing" if len(viewable) == len(MODELS) else "nothing that you may see",
    )


def _row(event: EventKey, change: BillingChange) -> list[str]:
    row = _object(event, change.object_type, change.provider_id)
    return [
        two_lines(change.object_type, flagged(row) if row else code(change.provider_id)),
        *change_cells(change, row),
    ]


def _object(event: EventKey, object_type: str, provider_id: str) -> ProviderObject | None:
    model = MODELS.get(object_type)
    # Events are about many kinds of objects; only some are kept.
    if model is None or not provider_id:
        return None
    return model._default_manager.filter(
        provider=event.provider,
        account=event.account,
        livemode=event.livemode,
        provider_id=provider_id,
    ).first()


def _fact(row: ProviderObject) -> Fact:
    kind = str(row._meta.verbose_name).capitalize()
    return Fact(kind, flagged(row))
