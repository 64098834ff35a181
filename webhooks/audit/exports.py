"""Export the audit trail to a file that can be verified without this project."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.db.models import Max

from webhooks.audit import keys, verify_export
from webhooks.audit.canonical import moment
from webhooks.audit.chain import record
from webhooks.database.paging import in_pages
from webhooks.models import AuditEntry

BATCH: Final = 2000

VERIFIER: Final = Path(verify_export.__file__)
"""The program that verifies an export, with nothing but Python."""


def export(
    *, actor: str, now: datetime, first: int = 1, last: int | None = None
) -> Iterator[bytes]:
    """Record an export of these entries, and return its lines; they include that record.

    Memory stays the same however many entries there are. Raises `ValueError` when there are none.
    """
    with transaction.atomic():
        end = AuditEntry.objects.aggregate(last=Max("sequence"))["last"] or 0
        if first < 1 or (last is not None and last < first) or first > end + 1:
            raise ValueError(f"the entries are 1 to {end}")
        # Recorded when it starts, not when it ends: an export that breaks off was still read.
        mine = record(
            AuditEntry.Action.EXPORTED,
            actor=actor,
            details={"first": first, **({"last": last} if last else {})},
            now=now,
        )
    return _lines(first, min(last or mine.sequence, mine.sequence), now)


def _lines(first: int, last: int, now: datetime) -> Iterator[bytes]:
    before = AuditEntry.objects.filter(sequence=first - 1).values_list("mac", flat=True).first()
    header = {
        "format": verify_export.FORMAT,
        "exported_at": moment(now),
        "first": first,
        "last": last,
        "previous": before or "",
    }
    read, count = hashlib.sha256(), -1  # the header is no entry
    for content in chain([header], _entries(first, last)):
        line = _line(content)
        read.update(line)
        yield line
        count += 1
    # An HMAC over the whole file: without it, lines could be cut off at the end.
    key = keys.current()
    sha256 = read.hexdigest()
    yield _line(
        {
            "entries": count,
            "sha256": sha256,
            "key_id": keys.key_id_of(key),
            "mac": verify_export.mac_of_file(sha256, key),
        }
    )


def _entries(first: int, last: int) -> Iterator[dict[str, Any]]:
    entries = AuditEntry.objects.filter(sequence__range=(first, last))
    for batch in in_pages(entries, BATCH):
        for entry in batch:
            yield {
                "sequence": entry.sequence,
                "recorded_at": moment(entry.recorded_at),
                "action": entry.action,
                "actor": entry.actor,
                "subject": entry.subject,
                "details": entry.details,
                "key_id": entry.key_id,
                "mac": entry.mac,
            }


def _line(content: dict[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode("ascii") + b"\n"
