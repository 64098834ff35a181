"""Walk a table in pages, in constant memory however many rows it has.

There is no cursor in this: PostgreSQL would have to keep one open, and its snapshot with it, for
as long as the caller works on each page, through calls to a provider and slow downloads.
"""

from collections.abc import Collection, Iterator
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


def in_pages(rows: QuerySet[Row], size: int, *, after: int | None = None) -> Iterator[list[Row]]:
    """Yield rows in the order of their primary keys, `size` at a time; `after` skips to a key.

    Each page is a query of its own, made when it is asked for: the caller may change or delete
    rows between pages, and may commit. Every row that matches throughout comes exactly once. A
    row that appears meanwhile comes if its key is above the last one seen, and is left out if it
    is below, as keys are given before they are committed.
    """
    rows = rows.order_by("pk")
    # Above the last key, and no OFFSET: that would read again all that was skipped, and would
    # leave rows out when earlier ones are deleted.
    page = list((rows if after is None else rows.filter(pk__gt=after))[:size])
    while page:
        # Taken before the caller has the page, as deleting a row takes its key from the instance.
        last = page[-1].pk
        yield page
        page = list(rows.filter(pk__gt=last)[:size])


def keys_in_pages(
    rows: QuerySet[Any], size: int, *, after: int | None = None, is_descending: bool = False
) -> Iterator[list[int]]:
    """Yield the primary keys of rows, `size` at a time, under the same terms as `in_pages`.

    With `is_descending`, from the highest on.
    """
    order, beyond = ("-pk", "pk__lt") if is_descending else ("pk", "pk__gt")
    keys = rows.order_by(order).values_list("pk", flat=True)
    page = list((keys if after is None else keys.filter(**{beyond: after}))[:size])
    while page:
        last = page[-1]
        yield page
        page = list(keys.filter(**{beyond: last})[:size])


def keys_to_clear(
    rows: QuerySet[Any], size: int, *, kept: Collection[int] = ()
) -> Iterator[list[int]]:
    """Yield the keys of the first `size` rows in the rows' own order, until there are none.

    For clean-ups, which begin with the oldest and keep no place: the caller must take each batch
    out of `rows`, or add to `kept` what stays in it, or the same one comes for ever.
    """
    # Not in the order of keys: expired rows are found through the index on their dates.
    keys = rows.values_list("pk", flat=True)
    while batch := [pk for pk in keys[: size + len(kept)] if pk not in kept]:
        yield batch[:size]


def lock_keys(rows: QuerySet[Any]) -> list[int]:
    """Lock rows in the order of their keys, and return these.

    The query is asked once more under the lock: rows that no longer match are not among them.
    """
    return list(rows.select_for_update().order_by("pk").values_list("pk", flat=True))
