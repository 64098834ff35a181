"""The networks and user agents that deliveries may come from, as settings name them."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from webhooks.guards import client_address
from webhooks.guards.published_sources import PUBLISHED, USER_AGENTS

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=64)
def networks(text: str) -> tuple[Network, ...]:
    """Return the networks in a setting: addresses, networks and providers' names, by commas.

    A provider's name stands for the list that it publishes. Raises `ValueError`.
    """
    named = enumerate(_parts(text), start=1)
    return tuple(network for place, name in named for network in _named(name, place))


# Remembered: a provider has a few addresses, and each delivery would search all networks.
@lru_cache(maxsize=4096)
def is_allowed(client: str, text: str) -> bool:
    """True for a client in one of a setting's networks, and for any where the setting is empty.

    A client whose address is unknown is in none.
    """
    allowed = networks(text)
    if not allowed:
        return True
    # An unknown address is not let in: what can't be placed can't be in a network.
    found = client_address.parse(client)
    return found is not None and any(found in network for network in allowed)


def is_listed(provider: str) -> bool:
    """True for a provider that publishes the addresses that it delivers from."""
    return provider in PUBLISHED


def is_published(provider: str, client: str) -> bool:
    """True for a client in the list that the provider publishes, as it is kept here."""
    return is_listed(provider) and is_allowed(client, provider)


@lru_cache(maxsize=64)
def prefixes(text: str) -> tuple[str, ...]:
    """Return the beginnings of user agents in a setting, which are separated by commas."""
    return tuple(_parts(text))


def shut_out(provider: str, networks_text: str, user_agents_text: str) -> list[str]:
    """Return what a provider delivers from and these settings refuse: addresses, a user agent.

    Empty for a provider that publishes neither. Raises `ValueError`.
    """
    published, allowed = PUBLISHED.get(provider), networks(networks_text)
    refused = []
    if published and allowed:
        mine = [(text, parse_network(text)) for text in published.networks]
        refused += [text for text, network in mine if not _is_within(network, allowed)]
    user_agent, beginnings = USER_AGENTS.get(provider), prefixes(user_agents_text)
    if user_agent and beginnings and not user_agent.startswith(beginnings):
        refused.append(user_agent)
    return refused


def _is_within(network: Network, allowed: Iterable[Network]) -> bool:
    # Not by `subnet_of`, which raises for networks of different versions.
    return any(
        network.network_address in wider and network.prefixlen >= wider.prefixlen
        for wider in allowed
    )


def parse_network(text: str) -> Network:
    """Parse an address, or a network in CIDR notation. Raises `ValueError`, for host bits too."""
    network = ipaddress.ip_network(text)
    # Clients are compared as IPv4 addresses, so a mapped network must be one as well. Its prefix is
    # never shorter than 96: a mapped address would have host bits.
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None:
        return network
    return ipaddress.ip_network((mapped, network.prefixlen - 96))


def _parts(text: str) -> Iterable[str]:
    return (stripped for part in text.split(",") if (stripped := part.strip()))


def _named(name: str, place: int) -> Iterable[Network]:
    # Names before addresses: no provider's name can be read as one.
    published = PUBLISHED.get(name.lower())
    if published:
        return map(parse_network, published.networks)
    try:
        return [parse_network(name)]
    except ValueError:
        raise ValueError(
            # By its place: what it says may be a secret that was put here by mistake.
            f"number {place} is neither an address, nor a network such as 192.0.2.0/24, nor one "
            f"of: {', '.join(PUBLISHED)}"
        ) from None
