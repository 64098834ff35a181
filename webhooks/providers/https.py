"""One answer from an address that is known to be good to ask."""

import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import certifi

NO_HEADERS: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its status, its content, and its headers by names in small letters."""

    status: int
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    # It could lead to anywhere, and into our own network.
    def redirect_request(self, *_: object) -> None:
        return None


@cache
def _opener() -> urllib.request.OpenerDirector:
    context = ssl.create_default_context(cafile=certifi.where())
    return urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=context))


def get(
    url: str,
    *,
    longest: int,
    timeout: float,
    headers: Mapping[str, str] = NO_HEADERS,
    of_refusals: int = 0,
) -> Answer:
    """Return what is answered within so many seconds, of at most so many bytes.

    Redirects are not followed. A refusal's content is cut after `of_refusals` bytes. Raises
    `OSError` or `HTTPException` where no answer came, or one that is too long.
    """
    request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310 - whoever calls knows
    try:
        with _opener().open(request, timeout=timeout) as answer:
            content: bytes = answer.read(longest + 1)
            if len(content) > longest:
                raise OSError("the answer is too long")
            names = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, content, names)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return Answer(refusal.code, refusal.read(of_refusals))
