"""Show where deliveries may come from, and compare it with what providers publish."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webhooks import conf
from webhooks.guards import sources
from webhooks.guards.published_sources import PUBLISHED
from webhooks.guards.source_refresh import Difference, Unreadable, compare, read


class Command(BaseCommand):
    help = (
        "Show the addresses and user agents that each endpoint takes deliveries from. With "
        "--refresh, read what a provider publishes now, show where what its endpoints allow "
        "differs, and what to set; exit status 1 when deliveries from a published address would "
        "be refused. Changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--provider", choices=PUBLISHED, default="stripe", help="whose list (default: stripe)"
        )
        parser.add_argument("--refresh", action="store_true", help="compare with what is published")
        parser.add_argument(
            "--url",
            metavar="URL",
            help="where the list is: an address, or a file (default: where the provider has it)",
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
        # Told only: who names the addresses does not use it.
        self._tell("the list kept here", compare(sources.networks(provider), published))
        is_missing = False
        for endpoint in conf.endpoints():
            if endpoint.provider == provider and endpoint.allowed_ips:
                difference = compare(sources.networks(endpoint.allowed_ips), published)
                self._tell(f"the endpoint {endpoint.slug!r}", difference)
                is_missing |= bool(difference.missing)
        if is_missing:
            listed = ",".join(map(_short, published))
            raise CommandError(
                f"Deliveries from published addresses are refused. Set ALLOWED_WEBHOOK_IPS={listed}"
            )

    def _tell(self, name: str, difference: Difference) -> None:
        if not difference.missing and not difference.surplus:
            self.stdout.write(f"{name}: as published")
        for network in difference.missing:
            self.stdout.write(f"{name}: + {_short(network)} is published, and not in it")
        for network in difference.surplus:
            self.stdout.write(f"{name}: - {_short(network)} is in it, and not published")


def _short(network: sources.Network) -> str:
    """A network of one address as that address."""
    is_one = network.prefixlen == network.max_prefixlen
    return str(network.network_address if is_one else network)
