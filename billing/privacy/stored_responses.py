"""Idempotency keys and the responses stored with them, less what is in them of somebody erased.

No key is ever deleted here: it goes on standing for its request, or that would be done twice.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Final

from billing.idempotency.encryption import decrypt, encrypt
from billing.idempotency.hashed_keys import hashed, is_hashed
from billing.idempotency.keys import is_in_flight, reference_of
from billing.models import IdempotencyKey
from webhooks.database.paging import in_pages
from webhooks.models import ErasureRequest
from webhooks.privacy.meanings import meaning_of
from webhooks.privacy.redaction import redact
from webhooks.privacy.search import ID_FORM, known, mentioned
from webhooks.privacy.vocabulary import Meaning

PAGE: Final = 100

HEADERS: Final = frozenset({"Allow", "Cache-Control", "Content-Type", "Vary"})
"""The headers of a stored response that say nothing of anybody; a `Location` may."""

_ID: Final = re.compile(ID_FORM)


@dataclass(slots=True)
class RedactedKeys:
    """The number of keys that were the person's, and True if one was in flight meanwhile."""

    count: int = 0
    is_one_in_flight: bool = False


def redact_keys(
    erasure: ErasureRequest, anyone: re.Pattern[str] | None, *, now: datetime
) -> RedactedKeys:
    """Redact the responses about a person, and hash the keys that may be made of their name.

    A response is a person's by the ids in it. Hashed are these keys, those with what `anyone`
    matches in them, and those that nobody can tell the owner of, all where there is nothing to look
    for: to whoever sends such a key again, nothing has changed.
    """
    # Calls to Stripe have hashes of our own for keys, and no bodies.
    rows = IdempotencyKey.objects.exclude(scope="stripe").exclude(scope__startswith="stripe:")
    done = RedactedKeys()
    for row in chain.from_iterable(in_pages(rows, PAGE)):
        if is_in_flight(row, now):
            # Its holder is going to store a response, encrypted for the key as it is.
            done.is_one_in_flight |= row.created_at <= erasure.begun_at
        else:
            done.count += _redact_key(row, erasure, anyone)
    return done


def _redact_key(
    row: IdempotencyKey, erasure: ErasureRequest, anyone: re.Pattern[str] | None
) -> bool:
    # Of an answer that can't be read any more nothing is left but that it was given.
    was, kept = _as_it_is(row), _response_of(row)
    ids = set(_ids_in(kept, ""))
    is_theirs = bool(known(erasure, mentioned(json.dumps(kept).encode()) | {row.response_id}))
    is_named = anyone is not None and bool(anyone.search(row.key))
    is_told = anyone is not None and not ids and any(map(anyone.search, _texts(kept)))
    # Once the events are redacted, nobody knows the names any more that a key may be made of.
    is_anybodys = anyone is None or not ids or row.state != IdempotencyKey.State.COMPLETED
    if (is_theirs or is_named or is_anybodys) and not is_hashed(row.key):
        row.key = hashed(row.scope, row.key)
    left = _redacted(kept) if kept and (is_theirs or is_told) else kept
    if row.key != was["key"] or left != kept:
        row.response_body = encrypt(json.dumps(left), reference_of(row)) if left else ""
    elif not kept:
        row.response_body = ""
    if row.state == IdempotencyKey.State.STARTED:
        # Its lease is over. Should its holder still live, it would encrypt for the former key.
        row.state, row.locked_until = IdempotencyKey.State.FAILED, None
    is_redacted = left != kept or (row.key != was["key"] and (is_theirs or is_named))
    return _save(row, was) and is_redacted


def _as_it_is(row: IdempotencyKey) -> dict[str, Any]:
    return {
        name: getattr(row, name)
        for name in ("key", "state", "locked_until", "attempts", "response_body")
    }


def _save(row: IdempotencyKey, was: dict[str, Any]) -> bool:
    # As it was: a key that was used again meanwhile has another response, or will have.
    now = _as_it_is(row)
    return now != was and bool(IdempotencyKey.objects.filter(pk=row.pk, **was).update(**now))


def _response_of(row: IdempotencyKey) -> dict[str, Any]:
    try:
        kept = json.loads(decrypt(row.response_body, reference_of(row)))
    # `Undecipherable` is one of these.
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}


def _ids_in(value: Any, key: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _ids_in(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from _ids_in(each, key)
    elif (
        isinstance(value, str)
        and meaning_of(key) in (Meaning.ID, Meaning.OWNED)
        and _ID.fullmatch(value)
    ):
        yield value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str):
        yield value


def _redacted(kept: dict[str, Any]) -> dict[str, Any]:
    headers = {name: kept["headers"][name] for name in kept["headers"] if name in HEADERS}
    if "data" in kept:
        return {**kept, "headers": headers, "data": redact(kept["data"])}
    try:
        content = json.dumps(redact(json.loads(kept.get("content", ""))))
    except ValueError:
        # What isn't JSON can't be gone through by its keys.
        content = ""
    return {**kept, "headers": headers, "content": content}
