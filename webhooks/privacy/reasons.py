"""The reasons that people gave for what they did, less the names and addresses in them."""

import json
import re
from collections.abc import Iterable
from itertools import chain
from typing import Final
from urllib.parse import quote, quote_plus

from django.db.models import Model

from webhooks.database.paging import in_pages
from webhooks.models import AuditReason, Replay
from webhooks.privacy.redaction import ERASED

PAGE: Final = 200
"""The most reasons held in memory at a time."""


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
    """Return a pattern of any of these texts, however escaped; None where there are none."""
    written = {
        each
        for value in values
        for each in (value, quote(value), quote_plus(value), json.dumps(value)[1:-1])
    }
    # A name may be a part of another: the longer one must be found whole.
    longest_first = sorted(written, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE) if written else None
