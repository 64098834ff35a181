"""Refuse deliveries by cheap checks, before their signature is verified."""

import time
from collections.abc import Mapping
from typing import Final, Protocol

from webhooks import conf
from webhooks.exceptions import (
    MalformedEvent,
    MissingSignature,
    PayloadTooLarge,
    SourceNotAllowed,
    UnsupportedMediaType,
)
from webhooks.guards import client_address, sources
from webhooks.providers import PROVIDERS

UNTOLD: Final = ("", "application/x-www-form-urlencoded")
"""Sent by clients that were not told a type: curl and Python's urllib take any body for a form."""

LONGEST_LENGTH: Final = 20
"""No body has a length of more digits; Python would refuse to read 5,000 of them."""


class Stream(Protocol):
    """The source of a request's body."""

    def read(self, size: int, /) -> bytes: ...


class IncomingDelivery:
    """A delivery as it arrives: what its sender says, and what is known of the sender.

    Made of a request's `META`, which has its headers as they came; `body` is there once read.
    """

    def __init__(self, meta: Mapping[str, str]) -> None:
        self.started = time.perf_counter()
        self.meta = meta
        self.client = client_address.address(meta)
        self.body: bytes | None = None

    def get(self, name: str, default: str, /) -> str:
        """Return a header's value."""
        # `request.headers` parses every header of the request, for the one that is wanted here.
        return self.meta.get(f"HTTP_{name.upper().replace('-', '_')}", default)

    @property
    def length(self) -> int | None:
        """The length that the sender declares for the body; None when it comes in chunks."""
        text = self.meta.get("CONTENT_LENGTH") or ""
        # `isdecimal` takes other scripts' digits too, and so does `int`; signs and spaces are none.
        return int(text[:LONGEST_LENGTH]) if text.isdecimal() else None

    @property
    def media_type(self) -> str:
        """The media type that the sender declares, without parameters; empty without one."""
        return (self.meta.get("CONTENT_TYPE") or "").partition(";")[0].strip().lower()


def admit(delivery: IncomingDelivery, endpoint: conf.Endpoint) -> None:
    """Refuse what can be refused before its body is read; the cheapest comes first.

    Raises `PayloadTooLarge`, `SourceNotAllowed`, `UnsupportedMediaType` or `MissingSignature`.
    """
    # The length first: it is a number that is there already.
    check_length(delivery.length, limit=conf.max_body_bytes())
    check_client(delivery.client, allowed=endpoint.allowed_ips)
    check_user_agent(delivery.get("User-Agent", ""), allowed=endpoint.allowed_user_agents)
    provider = PROVIDERS[endpoint.provider]
    check_media_type(delivery.media_type, accepted=provider.media_types)
    check_signature_header(delivery, provider.signature_header)


def check_length(declared: int | None, *, limit: int) -> None:
    """Refuse a body that its own sender says is too large."""
    if declared is not None and declared > limit:
        raise PayloadTooLarge(f"The body may have {limit} bytes at most.")


def check_client(client: str, *, allowed: str) -> None:
    """Refuse addresses outside the networks that may deliver, if any are named."""
    if allowed and not sources.is_allowed(client, allowed):
        raise SourceNotAllowed("Deliveries are not taken from this address.")


def check_user_agent(user_agent: str, *, allowed: str) -> None:
    """Refuse user agents that begin with none of those that may deliver, if any are named."""
    beginnings = sources.prefixes(allowed)
    if beginnings and not user_agent.startswith(beginnings):
        raise SourceNotAllowed("Deliveries are not taken from this user agent.")


def check_media_type(media_type: str, *, accepted: tuple[str, ...]) -> None:
    """Refuse a body that is plainly something else than the provider sends."""
    # Structured suffixes are JSON as well: https://www.rfc-editor.org/rfc/rfc6839#section-3.1
    is_json = media_type.endswith("+json") and "application/json" in accepted
    if media_type not in (*accepted, *UNTOLD) and not is_json:
        raise UnsupportedMediaType(f"The body must be {' or '.join(accepted)}.")


def check_signature_header(delivery: IncomingDelivery, name: str) -> None:
    """Refuse what carries no proof, where the provider has a header for it."""
    # A provider may prove itself in the body instead: it names no header, and none is missed.
    if name and not delivery.get(name, "").strip():
        raise MissingSignature


def read_body(stream: Stream, *, declared: int | None, limit: int) -> bytes:
    """Return the whole body, of which no more than `limit` bytes and one are ever read.

    `declared` is the length the sender announced, None for a body sent in chunks.
    """
    # The declared length may be missing or a lie, so what is read is counted as well.
    check_length(declared, limit=limit)
    # Joined at the end: pieces of one byte, each added to what came before, would cost minutes.
    pieces: list[bytes] = []
    # One more than may be there: it tells a body of exactly the limit from a longer one.
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
