"""Compare the allowed sources with those that a provider publishes now."""

import json
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from webhooks.guards.sources import Network, parse_network

TIMEOUT_SECONDS: Final = 10
LONGEST: Final = 1024 * 1024


class Unreadable(Exception):
    """There is no list of addresses there."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Deliveries from `missing` would be refused; from `surplus` nobody delivers any more."""

    missing: Sequence[Network]
    surplus: Sequence[Network]


def read(location: str) -> list[Network]:
    """Read the networks in a list at an HTTPS address, at one of this machine's, or in a file.

    The list is JSON with lists of text somewhere in it, as Stripe's, or a line for each, as
    Telegram's. Raises `Unreadable`.
    """
    try:
        content = _content(location)
        found = [parse_network(text) for text in _texts(content)]
    except (OSError, HTTPException, ValueError) as error:
        raise Unreadable(f"{location}: {error}") from error
    if not found:
        raise Unreadable(f"{location}: there is no address in it")
    return found


def compare(allowed: Sequence[Network], published: Sequence[Network]) -> Difference:
    """Compare the allowed networks with the published ones."""
    return Difference(
        missing=[network for network in published if not _is_within(network, allowed)],
        surplus=[network for network in allowed if not _is_within(network, published)],
    )


def _is_within(network: Network, others: Iterable[Network]) -> bool:
    return any(
        network.version == other.version
        and network.network_address in other
        and network.broadcast_address in other
        for other in others
    )


def _content(location: str) -> str:
    parts = urlsplit(location)
    if parts.scheme not in ("http", "https"):
        return Path(location).read_text()
    # Whoever could change the list on its way could let himself in.
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ValueError("who may deliver is not to be learnt without HTTPS")
    with urllib.request.urlopen(location, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
        content: bytes = response.read(LONGEST)
    return content.decode()


def _texts(content: str) -> Iterator[str]:
    if content.lstrip().startswith(("{", "[")):
        yield from _strings(json.loads(content))
    else:
        yield from content.split()


def _strings(value: object) -> Iterator[str]:
    """Yield the texts in lists; a text elsewhere, such as a date, is no address."""
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, str))
    for inner in value.values() if isinstance(value, dict) else ():
        yield from _strings(inner)
