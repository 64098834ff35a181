"""Verify one entry by its neighbours."""

from webhooks.audit import keys
from webhooks.audit.chain import mac_of
from webhooks.models import AuditEntry


def verify_entry(entry: AuditEntry) -> bool | None:
    """True while an entry fits the one before it, and the next one fits it.

    None when a key that signed one of them is not at hand.
    """
    around = AuditEntry.objects.filter(
        sequence__range=(entry.sequence - 1, entry.sequence + 1)
    ).order_by("sequence")
    previous, known = ("" if entry.sequence == 1 else None), keys.known()
    for one in around:
        if one.sequence >= entry.sequence:
            if one.key_id not in known:
                return None
            if previous is None or mac_of(one, previous=previous, key=known[one.key_id]) != one.mac:
                return False
        previous = one.mac
    return True
