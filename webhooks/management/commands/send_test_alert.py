"""Send a message to each address of ALERT_URLS, now."""

from typing import Any

from django.core.management.base import CommandError

from webhooks import conf
from webhooks.alerts.addresses import addresses, send
from webhooks.management.logged import LoggedCommand

TITLE = "[Test] Alerts reach you"
BODY = "Nothing is wrong: somebody tries whom alerts are told."


class Command(LoggedCommand):
    help = (
        "Send a message to each address of ALERT_URLS, and say what came of it. An address is "
        "named by its place and its scheme, as the rest of it is secret. Exit status 1 when one "
        "could not be sent to, or there is none."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        found = addresses()
        if not found:
            raise CommandError(
                "ALERT_URLS is not set: alerts are on their screen in the admin, and nobody is "
                "told. Set it to addresses such as mailtos://user:password@example.com, "
                "comma-separated; https://appriseit.com/services/ has all."
            )
        body = f"{BODY}\n{conf.site_url()}".rstrip()
        failed = 0
        for address in found:
            error = send(address, TITLE, body, is_good=True)
            self.stdout.write(f"{address.name}: {error or 'sent'}")
            failed += bool(error)
        if failed:
            raise CommandError(f"{failed} of {len(found)} could not be sent to.")
