"""A seal's contents: packed, committed to, and read again."""

import hashlib
import hmac
import struct
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final

from webhooks.audit import keys
from webhooks.audit.canonical import canonical
from webhooks.audit.row_macs import MAC_BYTES
from webhooks.models import Seal

MAX_ROWS: Final = 2000
"""How many rows a seal holds at most: so much is in memory at a time."""

SPAN: Final = 1 << 16
"""What was amended or removed is sealed apart by spans of keys, to be found by them."""


def pack_ids(ids: Sequence[int]) -> bytes:
    """Eight bytes each."""
    return struct.pack(f">{len(ids)}q", *ids)


def ids_of(seal: Seal) -> tuple[int, ...]:
    """The keys of a seal's rows."""
    raw = bytes(seal.ids)
    return struct.unpack(f">{len(raw) // 8}q", raw)


def macs_of(seal: Seal, per_row: int) -> Iterator[bytes]:
    """What each row has in `macs`, of so many hashes."""
    raw, size = bytes(seal.macs), per_row * MAC_BYTES
    return (raw[start : start + size] for start in range(0, len(raw), size))


def in_spans(pks: Sequence[int]) -> Iterator[list[int]]:
    """Sorted keys in groups that a seal each can hold."""
    for _, group in groupby(pks, key=lambda pk: pk // SPAN):
        ids = list(group)
        yield from (ids[start : start + MAX_ROWS] for start in range(0, len(ids), MAX_ROWS))


def packed(
    kind: Seal.Kind, table: str, ids: Sequence[int], macs: bytes, *, key: str, now: datetime
) -> Seal:
    """A seal that is not on record yet."""
    return Seal(
        kind=kind,
        table=table,
        first=ids[0],
        last=ids[-1],
        count=len(ids),
        sealed_at=now,
        key_id=keys.fingerprint(key),
        ids=pack_ids(ids),
        macs=macs,
    )


def root_of(seal: Seal, key: str) -> str:
    """What a seal's `root` must be."""
    content = [
        seal.id,
        seal.kind,
        seal.table,
        seal.first,
        seal.last,
        seal.count,
        seal.sealed_at,
        seal.key_id,
        hashlib.sha256(bytes(seal.ids)).hexdigest(),
        hashlib.sha256(bytes(seal.macs)).hexdigest(),
    ]
    own = keys.derived(key, keys.SEAL)
    return hmac.new(own, canonical(content), hashlib.sha256).hexdigest()


def roots_digest(roots: Sequence[str]) -> str:
    """What an entry says of its seals."""
    return hashlib.sha256("\n".join(roots).encode()).hexdigest()
