"""Keys whose lifetime is over."""

from collections.abc import Callable
from datetime import datetime

from django.db.models import Q

from billing.models import IdempotencyKey
from webhooks.database.paging import keys_to_clear


def clean_up(
    *,
    now: datetime,
    batch_size: int = 1000,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _: None,
    is_over: Callable[[], bool] = lambda: False,
) -> int:
    """Delete expired keys whose work is not under way, and return how many.

    Each batch is a transaction of its own; after each, `is_over` says whether to leave the rest.
    Raises `ValueError` for a batch of no keys.
    """
    if batch_size < 1:
        raise ValueError("a batch has at least one key")
    in_flight = Q(state=IdempotencyKey.State.STARTED, locked_until__gt=now)
    expired = IdempotencyKey.objects.filter(~in_flight, expires_at__lte=now)
    if dry_run:
        return expired.count()
    total = 0
    for pks in keys_to_clear(expired.order_by("expires_at"), batch_size):
        # The query still asks for what has expired, in case one was renewed in the meantime.
        total += expired.filter(pk__in=pks).delete()[0]
        progress(total)
        if is_over():
            break
    return total
