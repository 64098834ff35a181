"""The address of a request's client, as far as it can't be forged."""

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from webhooks import conf

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

LONGEST: Final = 64
"""No address is written with more characters; what is longer need not be looked at."""

IPV6_HOUSEHOLD: Final = 64
"""The prefix that one IPv6 customer gets at least, who may use any address in it:
https://www.rfc-editor.org/rfc/rfc6177"""


def address(meta: Mapping[str, str]) -> str:
    """Return the address of a request's client in its shortest form; empty when it is unknown.

    With `TRUSTED_PROXY_COUNT` proxies in front, each of which appends the address that it was
    called from to `X-Forwarded-For`, it is so many from the right: whatever stands further left is
    the client's own to write. Where that header is too short or holds something else there, the
    request did not come the way that it should, and all that is certain is who connected to us.
    """
    count: int = conf.setting("TRUSTED_PROXY_COUNT")
    if count > 0:
        # Split from the right and no further: the client may have written thousands to the left.
        forwarded = meta.get("HTTP_X_FORWARDED_FOR", "").rsplit(",", count)
        if len(forwarded) >= count and (found := _canonical(forwarded[-count].strip())):
            return found
    return _canonical(meta.get("REMOTE_ADDR", ""))


@lru_cache(maxsize=4096)
def household(client: str) -> str:
    """Return the address or network that a client's failures are counted for.

    It is an IPv4 address, or an IPv6 network of 64 bits, which one customer has to itself.

    All clients without an address are one.
    """
    # An IPv4 address stands for itself: whole networks of it belong to many.
    if ":" not in client:
        return client
    return str(ipaddress.ip_network((client, IPV6_HOUSEHOLD), strict=False))


# Remembered: Python compares an address with each network that is set apart.
@lru_cache(maxsize=4096)
def is_public(client: str) -> bool:
    """True for an address of the Internet, as strangers have; false where it is unknown."""
    found = parse(client)
    return found is not None and found.is_global


def parse(text: str) -> Address | None:
    """Parse an address, which may have a port, brackets or a zone, or be mapped into IPv6."""
    # An IPv6 address stands in brackets where a port follows.
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # A server that listens on both says ::ffff:192.0.2.1 of an IPv4 client.
    return getattr(found, "ipv4_mapped", None) or found


def _canonical(text: str) -> str:
    # Bounded before it is remembered, or strangers could fill memory by long headers.
    return _remembered(text) if len(text) <= LONGEST else ""


@lru_cache(maxsize=4096)
def _remembered(text: str) -> str:
    found = parse(text)
    return str(found) if found else ""
