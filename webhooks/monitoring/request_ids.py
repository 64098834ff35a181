"""Request ids: one for each request, in its answer, with its event and in its lines of the log."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final
from uuid import uuid4

# Nothing that a header, a line of a log or a page could be made to say more by.
_SANE: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")

_current: ContextVar[str] = ContextVar("request_id", default="")


def taken_from(text: str) -> str:
    """Return a sender's own id of up to 64 letters, digits, `.`, `_` and `-`; else a new one."""
    return text if _SANE.fullmatch(text) else uuid4().hex


def current() -> str:
    """Return the id of the request that is answered, or whose event is processed; empty without."""
    return _current.get()


@contextmanager
def within(request_id: str) -> Iterator[None]:
    """Have the lines that are logged meanwhile name this request."""
    token = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(token)
