"""The lock on fetching an object: one worker at a time asks the provider for it.

A row and not a lock of the database's: those last no longer than a transaction or a connection,
and no transaction may stay open while the provider is asked.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction

from billing.models import FetchLock
from webhooks.events import Clock, ObjectScope
from webhooks.exceptions import ProviderApiUnavailable

LEASE: Final = timedelta(seconds=30)
"""After so long a lock is free again: its worker has died, or has given up on the provider."""

PATIENCE_SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.05


@contextmanager
def held(scope: ObjectScope, object_type: str, provider_id: str, clock: Clock) -> Iterator[None]:
    """Hold the lock on fetching an object. Must not be entered in a transaction.

    Raises `ProviderApiUnavailable` when the wait is too long.
    """
    key = {**scope, "object_type": object_type, "provider_id": provider_id}
    token, deadline = secrets.token_hex(16), time.monotonic() + PATIENCE_SECONDS
    while not _take(key, token, clock()):
        if time.monotonic() > deadline:
            raise ProviderApiUnavailable("Another worker is asking for the same object.")
        time.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        # By the token: after a lease that ran out the lock is another's.
        FetchLock.objects.filter(token=token).delete()


def _take(key: dict[str, Any], token: str, now: datetime) -> bool:
    lease = {"token": token, "held_until": now + LEASE}
    try:
        with transaction.atomic():
            FetchLock.objects.create(**key, **lease)
    except IntegrityError:
        # One statement, so that only one of those who wait takes over from a worker that died.
        return bool(FetchLock.objects.filter(**key, held_until__lt=now).update(**lease))
    return True
