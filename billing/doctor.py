"""What `doctor` asks of billing."""

from collections.abc import Iterator

from webhooks.doctor import Examined, Finding, State, configuration, examines
from webhooks.models import ErasureRequest


@examines(configuration.GROUP)
def examine_settings(_: Examined) -> Iterator[Finding]:
    """Yield what is malformed in this app's settings."""
    yield from configuration.checked("billing")


@examines("Billing", needs_database=True)
def examine_erasures(_: Examined) -> Iterator[Finding]:
    """Yield the erasures of customers that were begun and are not finished."""
    pending = ErasureRequest.objects.filter(finished_at=None).order_by("begun_at")
    oldest = pending.first()
    if oldest is None:
        yield Finding("erasures_unfinished", State.OK, "no erasure is unfinished")
        return
    yield Finding(
        "erasures_unfinished",
        State.ATTENTION,
        "erasures of customers are unfinished",
        "manage.py erase_customer --unfinished",
        since=oldest.begun_at,
        count=pending.count(),
    )
