"""The addresses that providers say they deliver from.

They change: `manage.py allowed_sources --refresh` compares them with what is published now.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final


@dataclass(frozen=True, slots=True)
class Published:
    """A provider's list, where it stands, and when it was read there."""

    networks: tuple[str, ...]
    url: str
    read_on: date


PUBLISHED: Final[Mapping[str, Published]] = {
    # Changes are announced seven days ahead: https://docs.stripe.com/ips
    "stripe": Published(
        networks=(
            "3.18.12.63",
            "3.69.109.8",
            "3.120.168.93",
            "3.130.192.231",
            "13.235.14.237",
            "13.235.122.149",
            "18.211.135.69",
            "35.154.171.200",
            "35.157.207.129",
            "52.15.183.38",
            "54.88.130.119",
            "54.88.130.237",
            "54.187.174.169",
            "54.187.205.235",
            "54.187.216.72",
        ),
        url="https://stripe.com/files/ips/ips_webhooks.json",
        read_on=date(2026, 11, 20),
    ),
    # https://core.telegram.org/bots/webhooks
    "telegram": Published(
        networks=("91.108.4.0/22", "149.154.160.0/20"),
        url="https://core.telegram.org/resources/cidr.txt",
        read_on=date(2026, 11, 20),
    ),
}

USER_AGENTS: Final[Mapping[str, str]] = {
    "stripe": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
}
"""The user agent of each provider's deliveries."""
