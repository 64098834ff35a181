"""Proof of erasures: each has a signed beginning in the chain, and each suppressed id an HMAC.

The rows themselves prove nothing. Whoever can write SQL could put them in with anybody's name, and
have the project destroy data, and sign for it, in that name.
"""

import hmac
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from webhooks.audit import keys
from webhooks.audit.canonical import canonical
from webhooks.audit.entry_reading import readable
from webhooks.audit.entry_verification import find_intact
from webhooks.audit.report import Finding
from webhooks.database.paging import in_pages
from webhooks.models import AuditEntry, ErasureRequest, SuppressedId

PAGE: Final = 500

_MAC_DIGITS: Final = 32


def beginning_of(erasure: ErasureRequest) -> AuditEntry | None:
    """Return the entry that somebody began this erasure with, verified; None where there is none.

    Its actor is who had the person erased, whatever the row says.
    """
    entries = AuditEntry.objects.filter(action=AuditEntry.Action.ERASED, subject=erasure.subject)
    return find_intact(entries, lambda entry: _begins(entry, erasure))


def beginning(erasure: ErasureRequest) -> dict[str, Any]:
    """Return what the entry that begins an erasure says of its row."""
    return {"begun": True, "erasure": _identity(erasure)}


def sign(row: SuppressedId) -> None:
    """Give a suppressed id its HMAC, which nobody else could. It is not saved."""
    row.mac = _mac_of(row, keys.current())


def is_signed(row: SuppressedId) -> bool:
    """True when a key of ours, the current or a former one, signed this suppressed id."""
    key = keys.known().get(row.mac.partition(":")[0])
    return key is not None and hmac.compare_digest(_mac_of(row, key), row.mac)


def check_erasures() -> Iterator[Finding]:
    """Yield the erasures that nobody began on record, and the ids that nobody of ours signed."""
    for erasures in in_pages(ErasureRequest.objects.all(), PAGE):
        for erasure in erasures:
            if beginning_of(erasure) is None:
                yield _finding(erasure, "inserted or altered: nothing on record began it")
    yield from _deleted_erasures()
    for rows in in_pages(SuppressedId.objects.select_related("erasure"), PAGE):
        for row in rows:
            if not is_signed(row):
                yield _finding(row, "inserted or altered: its HMAC does not fit")


def _deleted_erasures() -> Iterator[Finding]:
    # Seals tell of those that were sealed before: this, of one deleted within minutes.
    entries = readable(AuditEntry.objects.filter(action=AuditEntry.Action.ERASED))
    began_all = (pair for entry in entries if (pair := _begun_by(entry)))
    while began := dict(islice(began_all, PAGE)):
        there = ErasureRequest.objects.filter(pk__in=began).values_list("pk", flat=True)
        for pk in sorted(began.keys() - set(there)):
            where = f"{ErasureRequest._meta.label_lower} {pk}"
            yield Finding(where, f"deleted; entry {began[pk]} began it")


def _begun_by(entry: AuditEntry) -> tuple[int, int] | None:
    """Return the key of the erasure that an entry began, as it says, and the entry's."""
    named = entry.details.get("erasure") if isinstance(entry.details, dict) else None
    pk = named.get("id") if isinstance(named, dict) else None
    # Of one that was altered, the chain's own verification tells.
    return (pk, entry.pk) if isinstance(pk, int) else None


def _begins(entry: AuditEntry, erasure: ErasureRequest) -> bool:
    if entry.details.get("begun") is not True:
        return False
    named = entry.details.get("erasure")
    # Release 0.1.0 did not name the row. It wrote both at one moment, for one actor.
    if named is None:
        return entry.recorded_at == erasure.begun_at
    return bool(named == _identity(erasure))


def _identity(erasure: ErasureRequest) -> dict[str, Any]:
    # Not the subject alone: customers of several accounts may have the same id.
    return {
        "id": erasure.pk,
        "provider": erasure.provider,
        "account": erasure.account,
        "livemode": erasure.livemode,
    }


def _mac_of(row: SuppressedId, key: str) -> str:
    content = [
        row.erasure_id,
        row.erasure.customer_id,
        row.provider,
        row.account,
        row.livemode,
        row.object_id,
    ]
    own = keys.derived(key, keys.SUPPRESSED)
    mac = hmac.new(own, canonical(content), "sha256").hexdigest()[:_MAC_DIGITS]
    return f"{keys.key_id_of(key)}:{mac}"


def _finding(row: ErasureRequest | SuppressedId, what: str) -> Finding:
    return Finding(f"{row._meta.label_lower} {row.pk} ({row})", what)
