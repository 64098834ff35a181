"""Cheap checks before anything is proven."""

from typing import Protocol

from webhooks.exceptions import MalformedEvent, PayloadTooLarge


class Stream(Protocol):
    """Where a request's body is read from."""

    def read(self, size: int, /) -> bytes: ...


def read_body(stream: Stream, *, declared: int | None, limit: int) -> bytes:
    """The whole body, of which no more than `limit` bytes and one are ever read.

    `declared` is the length the sender announced, None for a body sent in chunks.
    """
    if declared is not None and declared > limit:
        raise PayloadTooLarge(f"The body may have {limit} bytes at most.")
    body = b""
    try:
        while len(body) <= limit and (chunk := stream.read(limit + 1 - len(body))):
            body = body + chunk if body else chunk
    except OSError as error:
        raise MalformedEvent("The body ended early.") from error
    if len(body) > limit:
        raise PayloadTooLarge(f"The body may have {limit} bytes at most.")
    return body
