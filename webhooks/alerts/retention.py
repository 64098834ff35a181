"""Drop alerts that were resolved long ago."""

from datetime import datetime, timedelta
from typing import Final

from webhooks.models import Alert

KEPT_FOR: Final = timedelta(days=90)


def drop_old(*, now: datetime) -> int:
    """Delete the alerts that were resolved so long ago, and their messages; return how many."""
    old = Alert.objects.filter(resolved_at__lt=now - KEPT_FOR)
    return old.delete()[1].get(Alert._meta.label, 0)
