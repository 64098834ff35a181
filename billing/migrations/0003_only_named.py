"""What others have named and nothing has told of is in doubt: charges and invoices without a state.

One row at a time, each in a transaction of its own, so that no event waits for more than one
statement; after an interruption it is run again. Backwards, they are believed again.
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
        last = rows.aggregate(last=Max("pk"))["last"] or 0
        for start in range(0, last, SPAN):
            found = rows.filter(
                pk__gt=start,
                pk__lte=start + SPAN,
                snapshot_event_id="",
                fetched_at=None,
                in_doubt=in_doubt,
            )
            for key, snapshots in list(found.values_list("pk", "snapshots")):
                yield rows.filter(pk=key, snapshot_event_id="", fetched_at=None), snapshots


def doubt(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    for row, _ in only_named(apps, editor.connection.alias, in_doubt=False):
        row.update(in_doubt=True)


def believe(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    for row, snapshots in only_named(apps, editor.connection.alias, in_doubt=True):
        # A refund that failed had put its charge in doubt all along.
        if not any(one.get("doubt") for one in snapshots):
            row.update(in_doubt=False)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("billing", "0002_what_is_in_doubt")]

    operations = [migrations.RunPython(doubt, believe, elidable=False)]
