"""Responses that are kept to be repeated, less what is in them of somebody erased."""

import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from billing.idempotency.encryption import decrypt, encrypt
from billing.idempotency.keys import reference_of
from billing.models import IdempotencyKey
from webhooks.database.paging import in_pages
from webhooks.models import ErasureRequest
from webhooks.privacy.redaction import redact
from webhooks.privacy.search import known, mentioned

PAGE: Final = 100


def redact_responses(erasure: ErasureRequest, anyone: re.Pattern[str] | None) -> int:
    """Redact the responses about a person, known by their ids or by `anyone`; return how many.

    A key that itself has what is looked for in it is deleted with its answer. Of an answer that
    can't be read any more the key stays: the same request then has the same outcome.
    """
    rows = chain.from_iterable(in_pages(IdempotencyKey.objects.all(), PAGE))
    return sum(_redact_response(row, erasure, anyone) for row in rows)


def _redact_response(
    row: IdempotencyKey, erasure: ErasureRequest, anyone: re.Pattern[str] | None
) -> bool:
    # By the attempt too: a key that was used again meanwhile has another response.
    mine = IdempotencyKey.objects.filter(pk=row.pk, attempts=row.attempts)
    if row.state == IdempotencyKey.State.STARTED:
        return False  # somebody is at it, and will want the row
    if anyone and anyone.search(row.key):
        return bool(mine.delete()[0])
    if not row.response_body:
        return False
    try:
        text = decrypt(row.response_body, reference_of(row))
        kept = json.loads(text)
    # `Undecipherable` is one of these.
    except ValueError:
        return bool(mine.update(response_body=""))
    is_named = anyone is not None and any(anyone.search(each) for each in _texts(kept))
    if not (is_named or known(erasure, mentioned(text.encode()))):
        return False
    left = json.dumps(_redacted(kept))
    # Of ids and amounts alone there is nothing to take.
    if left == text:
        return False
    return bool(mine.update(response_body=encrypt(left, reference_of(row))))


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
    if "data" in kept:
        return {**kept, "data": redact(kept["data"])}
    try:
        content = json.dumps(redact(json.loads(kept.get("content", ""))))
    except ValueError:
        # What isn't JSON can't be gone through by its keys.
        content = ""
    return {**kept, "content": content}
