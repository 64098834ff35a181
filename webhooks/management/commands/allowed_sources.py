"""Show the sources that deliveries are taken from, and compare them with the published ones."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from webhooks import conf
from webhooks.guards import sources
from webhooks.guards.published_sources import PUBLISHED
from webhooks.guards.source_refresh import Difference, Unreadable, compare, read
from webhooks.management.logged import LoggedCommand


class Command(LoggedCommand):
    help = (
        "Show the addresses and user agents from which each endpoint takes deliveries. With "
        "--refresh, read the list that a provider publishes now, and show how the endpoints' "
        "settings differ from it. Exit status 1 when deliveries from a published address would be "
        "refused: the message then has the setting to copy. Changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--provider",
            choices=PUBLISHED,
            default="stripe",
            help="with --refresh: the provider whose list is read (default: stripe)",
        )
        parser.add_argument(
            "--refresh",
            action="store_true",
            help="read the published list and compare it with the settings",
        )
        parser.add_argument(
            "--url",
            metavar="URL",
            help="with --refresh: read the list from this address or file, not from the provider",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        if options["refresh"]:
            self._refresh(options["provider"], options["url"])
        else:
            self._show()

    def _show(self) -> None:
        for endpoint in conf.endpoints():
            allowed = sources.networks(endpoint.allowed_ips)
            agents = sources.prefixes(endpoint.allowed_user_agents)
            self.stdout.write(f"{endpoint.slug}: {len(allowed) or 'any'} addresses or networks")
            for network in allowed:
                self.stdout.write(f"  {_short(network)}")
            self.stdout.write(f"{endpoint.slug}: user agents: {', '.join(agents) or 'any'}")
        for name, published in PUBLISHED.items():
            self.stdout.write(
                f"{name!r} stands for the {len(published.networks)} published at {published.url}, "
                f"as read on {published.read_on}"
            )

    def _refresh(self, provider: str, url: str | None) -> None:
        try:
            published = read(url or PUBLISHED[provider].url)
        except Unreadable as error:
            raise CommandError(f"{error}.") from error
        # Not counted as missing: endpoints that list addresses of their own don't use this list.
        self._print("the list kept here", compare(sources.networks(provider), published))
        is_missing = False
        for endpoint in conf.endpoints():
            # An endpoint without a list takes deliveries from anywhere, and can refuse none.
            if endpoint.provider == provider and endpoint.allowed_ips:
                difference = compare(sources.networks(endpoint.allowed_ips), published)
                self._print(f"the endpoint {endpoint.slug!r}", difference)
                is_missing |= bool(difference.missing)
        # Addresses beyond the published ones are no failure: nothing is refused because of them.
        if is_missing:
            listed = ",".join(map(_short, published))
            raise CommandError(
                f"Deliveries from published addresses are refused. Set ALLOWED_WEBHOOK_IPS={listed}"
            )

    def _print(self, name: str, difference: Difference) -> None:
        if not difference.missing and not difference.surplus:
            self.stdout.write(f"{name}: as published")
        for network in difference.missing:
            self.stdout.write(f"{name}: + {_short(network)} is published, and not in it")
        for network in difference.surplus:
            self.stdout.write(f"{name}: - {_short(network)} is in it, and not published")


def _short(network: sources.Network) -> str:
    """Return a network of one address as that address, and any other as it is."""
    is_one = network.prefixlen == network.max_prefixlen
    return str(network.network_address if is_one else network)
