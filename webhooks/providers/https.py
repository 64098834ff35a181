"""One answer from an address that is known to be good to ask."""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPResponse
from typing import Final
from urllib.request import (
    HTTPErrorProcessor,
    HTTPSHandler,
    OpenerDirector,
    Request,
    build_opener,
)

import certifi

NO_HEADERS: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its status, its content, and its headers by names in small letters."""

    status: int
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class _AsItIs(HTTPErrorProcessor):
    # A redirect, too: it could lead to anywhere, and into our own network.
    def http_response(self, request: Request, response: HTTPResponse) -> HTTPResponse:
        return response

    https_response = http_response


@cache
def _opener() -> OpenerDirector:
    context = ssl.create_default_context(cafile=certifi.where())
    return build_opener(_AsItIs, HTTPSHandler(context=context))


def get(
    url: str,
    *,
    longest: int,
    timeout: float,
    headers: Mapping[str, str] = NO_HEADERS,
    of_refusals: int = 0,
) -> Answer:
    """Return what is answered, of at most so many bytes.

    `timeout` seconds may pass without a byte, and as many from its headers to its end. Redirects
    are not followed. A refusal's content is cut after `of_refusals` bytes. Raises `OSError` or
    `HTTPException` where no answer came, or one that is too long.
    """
    request = Request(url, headers=dict(headers))  # noqa: S310 - whoever calls knows
    with _opener().open(request, timeout=timeout) as answer:
        is_refusal = answer.status >= 300
        content = _read(
            answer, of_refusals if is_refusal else longest + 1, time.monotonic() + timeout
        )
        names = {name.lower(): value for name, value in answer.headers.items()}
    if len(content) > longest and not is_refusal:
        raise OSError("the answer is too long")
    return Answer(answer.status, content, names)


def _read(answer: HTTPResponse, most: int, deadline: float) -> bytes:
    content = b""
    # Piece by piece: a timeout counts from the last byte that came, and a trickle has no end.
    while piece := answer.read1(most - len(content)):
        content += piece
        if time.monotonic() > deadline:
            raise TimeoutError("the answer has no end")
    return content
