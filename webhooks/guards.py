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
    # Joined at the end: pieces of one byte, each added to what came before, would cost minutes.
    pieces: list[bytes] = []
    left = limit + 1
    try:
        while left > 0 and (piece := stream.read(left)):
            pieces.append(piece)
            left -= len(piece)
    except OSError as error:
        raise MalformedEvent("The body ended early.") from error
    if left <= 0:
        raise PayloadTooLarge(f"The body may have {limit} bytes at most.")
    return b"".join(pieces)
