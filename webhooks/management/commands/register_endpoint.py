"""Have Stripe deliver to one of our endpoints what its handlers take."""

import os
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import CommandError
from django.utils import timezone

from webhooks import audit
from webhooks.exceptions import ProviderApiRefused, ProviderApiUnavailable
from webhooks.management.logged import LoggedCommand
from webhooks.management.operator import system_user
from webhooks.providers.stripe_api import API_VERSION
from webhooks.providers.stripe_endpoints import ALL
from webhooks.registration import planning
from webhooks.registration.addresses import BadAddress
from webhooks.registration.planning import AnswerLost, Plan


class Command(LoggedCommand):
    help = (
        "Create or update the webhook endpoint at Stripe that delivers to URL: with the types of "
        "events that handlers are subscribed to, and in the API version that this project reads. "
        "Shows first what would be done, and asks. Of an endpoint that is created, the signing "
        "secret is shown once, on a terminal or in --secret-file. Needs STRIPE_API_KEY. Running "
        "it again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "url",
            metavar="URL",
            help="the public address: https://pay.example.com, or with the path of an endpoint",
        )
        parser.add_argument(
            "--endpoint", metavar="SLUG", default="", help="the endpoint that URL is to lead to"
        )
        parser.add_argument(
            "--connect",
            action="store_true",
            help="send the events of connected accounts, in place of our own",
        )
        parser.add_argument(
            "--secret-file",
            type=Path,
            metavar="PATH",
            help="write the signing secret to this new file, which its owner alone may read",
        )
        parser.add_argument("--yes", action="store_true", help="don't ask")
        parser.add_argument("--dry-run", action="store_true", help="only show what would be done")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            planned = planning.plan(
                options["url"], slug=options["endpoint"], for_connect=options["connect"]
            )
            self._show(planned)
            if not (planned.is_done or options["dry_run"]):
                self._do(planned, options)
        except (BadAddress, ProviderApiRefused, ProviderApiUnavailable) as error:
            raise CommandError(str(error)) from error
        except AnswerLost as lost:
            raise CommandError(
                f"Stripe made {lost.endpoint.id}, and its answer with the secret was lost. Copy "
                "the secret from the endpoint's page in Stripe's dashboard to "
                f"{planned.endpoint.secrets_setting}; or delete it there, and run this again."
            ) from lost
        except audit.NOT_RECORDABLE as error:
            raise CommandError(f"Nothing was done, as it can't be recorded: {error}") from error

    def _show(self, planned: Plan) -> None:
        known = planned.known
        self.stdout.write(f"address      {planned.url}")
        self.stdout.write(f"endpoint     {planned.endpoint.slug}")
        self.stdout.write(f"API version  {API_VERSION}")
        self.stdout.write(f"events       {_counted(planned.events)}")
        for other in planned.others:
            self.stdout.write(
                f"{other.id} delivers here as well, in API version "
                f"{other.api_version or 'of the account'}: disable it in Stripe's dashboard once "
                "this one delivers."
            )
        if known is None:
            self.stdout.write("To create:")
        elif planned.is_done:
            self.stdout.write(f"Nothing to do: {known.id} is as it should be.")
        else:
            self.stdout.write(f"To update {known.id}:")
        if planned.enables:
            self.stdout.write("  enable it")
        for mark, events in (("+", planned.added), ("-", planned.removed)):
            for each in sorted(events):
                self.stdout.write(f"  {mark} {'every type' if each == ALL else each}")

    def _do(self, planned: Plan, options: dict[str, Any]) -> None:
        path: Path | None = options["secret_file"]
        if planned.known is None and path is None and not self.stdout.isatty():
            raise CommandError(
                "Stripe tells the signing secret once, and standard output is no terminal. Name a "
                "file to write it to, with --secret-file."
            )
        if not (options["yes"] or _is_confirmed()):
            raise CommandError("Nothing was done.")
        # Opened before anything is done: a secret that can't be written would be lost.
        with _secret_file(path) if path and not planned.known else nullcontext() as file:
            secret = planning.carry_out(planned, actor=system_user(), now=timezone.now())
            if file:
                file.write(f"{secret}\n")
        if planned.known:
            self.stdout.write(f"{planned.known.id} is updated.")
            return
        setting, held = planned.endpoint.secrets_setting, planned.endpoint.secrets
        self.stdout.write(f"Created. The secret is in {path}." if path else f"Created: {secret}")
        self.stdout.write(
            f"Put it first in {setting}, before the one that is there, with a comma between, and "
            "restart."
            if held
            else f"Set {setting} to it, and restart."
        )


def _is_confirmed() -> bool:
    try:
        return input("Do this? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


@contextmanager
def _secret_file(path: Path) -> Iterator[TextIO]:
    try:
        # Never over another: that may hold the secret in use.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CommandError(f"--secret-file: {path} can't be written: {error.strerror}.") from error
    with os.fdopen(handle, "w") as file:
        try:
            yield file
        except BaseException:
            path.unlink()
            raise


def _counted(events: frozenset[str]) -> str:
    return "every type" if ALL in events else f"{len(events)} types, as handlers take them"
