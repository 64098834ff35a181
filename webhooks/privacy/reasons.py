"""The reasons that people gave for what they did, less the names and addresses in them."""

import json
import re
from collections.abc import Iterable
from itertools import chain
from typing import Final
from urllib.parse import quote

from django.db.models import Model

from webhooks.database.paging import in_pages
from webhooks.models import AuditReason, Replay
from webhooks.privacy.redaction import ERASED

PAGE: Final = 200
"""The most reasons held in memory at a time."""

_WORD: Final = re.compile(r"[^\W_]+")
_BETWEEN: Final = r"(?:%[0-9a-f]{2}|[\W_]){1,4}"
_START: Final = r"(?:(?<![^\W_])|(?<=%[0-9a-f]{2}))"
_END: Final = r"(?![^\W_])"


def redact_reasons(anyone: re.Pattern[str] | None) -> int:
    """Take these texts out of the reasons that people gave; return how many had any."""
    # Any reason may name the person, so all are read: staff write far fewer than events come in.
    if anyone is None:
        return 0
    given: list[tuple[type[Model], str]] = [(Replay, "reason"), (AuditReason, "text")]
    return sum(_redact_texts(anyone, model, column) for model, column in given)


def _redact_texts(anyone: re.Pattern[str], model: type[Model], column: str) -> int:
    rows = model._default_manager.exclude(**{column: ""})
    done = 0
    for row in chain.from_iterable(in_pages(rows.only(column), PAGE)):
        text = getattr(row, column)
        left = anyone.sub(ERASED, text)
        if left != text:
            done += rows.filter(pk=row.pk).update(**{column: left})
    return done


def any_of(values: Iterable[str]) -> re.Pattern[str] | None:
    """Return a pattern of any of these texts as a whole; None where there are none.

    However escaped, in any case, and with anything between its words: `Jo Doe` is in `JO-DOE-20`,
    and `jo@example.com` in `jo%40example.com`, but `Jo Doe` is not in `Jo Doehring`.
    """
    written = {each for value in values for each in (value, quote(value), json.dumps(value)[1:-1])}
    # A name may be a part of another: the longer one must be found whole.
    longest_first = sorted(written, key=len, reverse=True)
    if not longest_first:
        return None
    whole = "|".join(map(_spelled, longest_first))
    return re.compile(rf"{_START}(?:{whole}){_END}", re.IGNORECASE)


def _spelled(text: str) -> str:
    # What a text begins or ends with is a part of it: a name `order-` is not every order's.
    words = list(_WORD.finditer(text))
    if not words:
        return re.escape(text)
    inner = _BETWEEN.join(re.escape(word.group()) for word in words)
    return f"{re.escape(text[: words[0].start()])}{inner}{re.escape(text[words[-1].end() :])}"
