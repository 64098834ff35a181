"""Rows that were believed and are in doubt: those only named by others, and items cut at ten.

One row at a time, each in a transaction of its own, so that no event waits for more than one
statement; after an interruption it is run again. Backwards, what was only named is believed again,
and what may have been cut stays in doubt: it is asked for.
"""

from collections.abc import Iterator
from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Max, QuerySet

SPAN = 10_000
"""Keys looked at by one statement: nothing has an index for what is looked for."""


def only_named(apps: Apps, alias: str, *, in_doubt: bool) -> Iterator[tuple[QuerySet[Any], Any]]:
    """Yield the rows of each table with the key and snapshots of one that was only named."""
    for name in ("Charge", "Invoice"):
        rows = apps.get_model("billing", name).objects.using(alias)
        for span in spans(rows):
            found = span.filter(snapshot_event_id="", fetched_at=None, in_doubt=in_doubt)
            for key, snapshots in list(found.values_list("pk", "snapshots")):
                # With the condition again: an event may have told of it meanwhile.
                yield found.filter(pk=key), snapshots


def cut(apps: Apps, alias: str) -> Iterator[QuerySet[Any]]:
    """Yield the subscriptions of ten items, one by one: an event carries no more of them."""
    rows = apps.get_model("billing", "Subscription").objects.using(alias)
    for span in spans(rows):
        found = span.filter(abridged=False, items__9__isnull=False, items__10__isnull=True)
        for key in list(found.values_list("pk", flat=True)):
            yield found.filter(pk=key)


def spans(rows: QuerySet[Any]) -> Iterator[QuerySet[Any]]:
    last = rows.aggregate(last=Max("pk"))["last"] or 0
    for start in range(0, last, SPAN):
        yield rows.filter(pk__gt=start, pk__lte=start + SPAN)


def doubt(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    alias = editor.connection.alias
    for row, _ in only_named(apps, alias, in_doubt=False):
        row.update(in_doubt=True)
    for row in cut(apps, alias):
        row.update(in_doubt=True, abridged=True)


def believe(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    for row, snapshots in only_named(apps, editor.connection.alias, in_doubt=True):
        # A refund that failed had put its charge in doubt all along.
        if not any(one.get("doubt") for one in snapshots):
            row.update(in_doubt=False)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("billing", "0002_what_is_in_doubt")]

    operations = [migrations.RunPython(doubt, believe, elidable=False)]
