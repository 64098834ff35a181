"""Verify single entries by their neighbours."""

from collections.abc import Callable, Iterator

from django.db.models import QuerySet

from webhooks.audit import keys
from webhooks.audit.chain import mac_of
from webhooks.audit.entry_reading import read_entries, readable
from webhooks.models import AuditEntry


def find_intact(
    entries: QuerySet[AuditEntry], tells: Callable[[AuditEntry], bool]
) -> AuditEntry | None:
    """Return the first of some entries that `tells`, and was not altered; None without one."""
    return next(all_intact(entries, tells), None)


def all_intact(
    entries: QuerySet[AuditEntry], tells: Callable[[AuditEntry], bool]
) -> Iterator[AuditEntry]:
    """Yield those of some entries that `tell` and were not altered, in order.

    Choose them by other columns than `details`, as for `readable`.
    """
    for entry in readable(entries):
        if isinstance(entry.details, dict) and tells(entry) and verify_entry(entry):
            yield entry


def verify_entry(entry: AuditEntry) -> bool | None:
    """True while an entry fits the one before it, and the next one fits it.

    None when a key that signed one of them is not at hand.
    """
    previous, known = ("" if entry.sequence == 1 else None), keys.known()
    for one, _ in read_entries(entry.sequence - 2, entry.sequence + 1):
        if not isinstance(one, AuditEntry):
            return False
        if one.sequence >= entry.sequence:
            if one.key_id not in known:
                return None
            if previous is None or not _fits(one, previous, known[one.key_id]):
                return False
        previous = one.mac
    return True


def _fits(entry: AuditEntry, previous: str, key: str) -> bool:
    try:
        return mac_of(entry, previous=previous, key=key) == entry.mac
    # Altered details may hold what has no canonical form.
    except (TypeError, AttributeError):
        return False
