"""The contents of a seal: how keys and hashes are packed, and the HMAC over them."""

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
"""The most rows that a seal holds; as many are in memory at a time."""

SPAN: Final = 1 << 16
"""Amended and deleted rows are sealed by spans of so many keys, so that their seals can be found by
a range of keys."""

_UNSEALED: Final = b"\1"
"""At the end of the hashes of a seal, where it is no part of any."""


def pack_ids(ids: Sequence[int]) -> bytes:
    """Return keys as eight bytes each, big-endian."""
    return struct.pack(f">{len(ids)}q", *ids)


def ids_of(seal: Seal) -> tuple[int, ...]:
    """Return the keys of a seal's rows."""
    raw = bytes(seal.ids)
    return struct.unpack(f">{len(raw) // 8}q", raw)


def macs_of(seal: Seal, per_row: int) -> Iterator[bytes]:
    """Return each row's part of `macs`, which is so many hashes long."""
    raw, size = bytes(seal.macs), per_row * MAC_BYTES
    return (raw[start : start + size] for start in range(0, len(raw), size))


def say_unsealed(macs: bytes) -> bytes:
    """Return the `macs` of rows that were amended or removed before any seal had them."""
    return macs + _UNSEALED


def says_unsealed(seal: Seal) -> bool:
    """True of an amendment or a removal whose rows no seal had then."""
    return len(seal.macs) % MAC_BYTES == len(_UNSEALED)


def split_by_span(pks: Sequence[int]) -> Iterator[list[int]]:
    """Split sorted keys into groups that fit one seal each."""
    for _, group in groupby(pks, key=lambda pk: pk // SPAN):
        ids = list(group)
        yield from (ids[start : start + MAX_ROWS] for start in range(0, len(ids), MAX_ROWS))


def build_seal(
    kind: Seal.Kind, table: str, ids: Sequence[int], macs: bytes, *, key: str, now: datetime
) -> Seal:
    """Return a seal that no entry commits to yet: without an id, a root and an entry."""
    return Seal(
        kind=kind,
        table=table,
        first=ids[0],
        last=ids[-1],
        count=len(ids),
        sealed_at=now,
        key_id=keys.key_id_of(key),
        ids=pack_ids(ids),
        macs=macs,
    )


def root_of(seal: Seal, key: str) -> str:
    """Return the HMAC of a seal's fields, as 64 hexadecimal digits."""
    # Its entry is not among them: the entry commits to the roots, so they are made first.
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
    """Return the digest of its seals' roots that an entry holds."""
    return hashlib.sha256("\n".join(roots).encode()).hexdigest()
