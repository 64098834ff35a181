"""Where deliveries may come from: networks and user agents, as settings name them."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from webhooks.guards import client_address
from webhooks.guards.published_sources import PUBLISHED

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=64)
def networks(text: str) -> tuple[Network, ...]:
    """The networks in a setting: addresses, networks and names of providers, comma-separated.

    A provider's name stands for the list that it publishes. Raises `ValueError`.
    """
    return tuple(network for name in _parts(text) for network in _named(name))


@lru_cache(maxsize=4096)
def is_allowed(client: str, text: str) -> bool:
    """Whether a client's address is in one of a setting's networks; any is where there are none.

    A client whose address nobody knows is in none.
    """
    allowed = networks(text)
    if not allowed:
        return True
    found = client_address.parse(client)
    return found is not None and any(found in network for network in allowed)


@lru_cache(maxsize=64)
def prefixes(text: str) -> tuple[str, ...]:
    """The beginnings of user agents in a setting, comma-separated."""
    return tuple(_parts(text))


def parse_network(text: str) -> Network:
    """An address or a network in CIDR notation. Raises `ValueError`, for host bits too."""
    network = ipaddress.ip_network(text)
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None:
        return network
    if network.prefixlen < 96:
        raise ValueError(f"{text!r} is more than the IPv4 addresses mapped into IPv6")
    return ipaddress.ip_network((mapped, network.prefixlen - 96))


def _parts(text: str) -> Iterable[str]:
    return (stripped for part in text.split(",") if (stripped := part.strip()))


def _named(name: str) -> Iterable[Network]:
    published = PUBLISHED.get(name.lower())
    if published:
        return map(parse_network, published.networks)
    try:
        return [parse_network(name)]
    except ValueError as error:
        raise ValueError(
            f"{name!r} is neither an address, nor a network such as 192.0.2.0/24, nor one of: "
            f"{', '.join(PUBLISHED)}"
        ) from error
