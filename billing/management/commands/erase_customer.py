"""Erase what identifies a person."""

from argparse import ArgumentParser, BooleanOptionalAction
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.models.base import ObjectScope
from billing.privacy import erasure
from webhooks.management.operator import system_user


class Command(BaseCommand):
    help = (
        "Remove what identifies a customer from payloads, billing rows, their history, errors and "
        "reasons; ids, amounts, statuses, times and hashes stay. What comes of the customer later "
        "is stored without it. Can't be undone. Safe to interrupt and to run again: it goes on, or "
        "says that nothing is left. The provider keeps what it has until the customer is deleted "
        "there."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "customer_id", nargs="?", metavar="CUSTOMER_ID", help="the provider's id"
        )
        parser.add_argument(
            "--unfinished",
            action="store_true",
            help="go on with whatever was interrupted, or turned out to be of somebody erased",
        )
        parser.add_argument("--provider", help="where the id is known at several providers")
        parser.add_argument("--account", help="the connected account; an empty one is our own")
        parser.add_argument(
            "--livemode", action=BooleanOptionalAction, help="where the id is known in both modes"
        )
        parser.add_argument(
            "--testmode", action="store_false", dest="livemode", default=None, help="--no-livemode"
        )
        parser.add_argument(
            "--reason", default="", help="a keyed hash of it is put on record: keep it elsewhere"
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would be erased")

    def handle(self, *_: Any, **options: Any) -> None:
        if bool(options["customer_id"]) == options["unfinished"]:
            raise CommandError("Name a customer, or say --unfinished.")
        if options["unfinished"]:
            for customer_id, done in erasure.finish_all():
                self.stdout.write(f"{customer_id}: {_count(done)}")
            return
        if not (options["reason"].strip() or options["dry_run"]):
            raise CommandError("--reason: say why.")
        self._erase(options)

    def _erase(self, options: dict[str, Any]) -> None:
        try:
            done = erasure.erase(
                options["customer_id"],
                _scope(options),
                actor=system_user(),
                reason=options["reason"],
                dry_run=options["dry_run"],
                progress=self._progress if self.stderr.isatty() else lambda _: None,
            )
        except KeyboardInterrupt:
            raise CommandError("Interrupted. Run the same again to go on.") from None
        would = "would be " if options["dry_run"] and done else ""
        self.stdout.write(would + _count(done))

    def _progress(self, so_far: Counter[str]) -> None:
        self.stderr.write(f"\r{so_far.total()} rows", ending="")


def _count(done: Counter[str]) -> str:
    told = ", ".join(f"{count} {name}" for name, count in sorted(done.items()))
    return f"redacted: {told}" if told else "nothing is left to erase"


def _scope(options: dict[str, Any]) -> ObjectScope:
    wanted = {name: options[name] for name in ("provider", "account", "livemode")}
    found = [
        scope
        for scope in erasure.scopes_of(options["customer_id"])
        if all(value is None or scope[name] == value for name, value in wanted.items())  # type: ignore[literal-required]
    ]
    if not found:
        raise CommandError(f"Nothing is known of a customer {options['customer_id']} there.")
    if len(found) > 1:
        places = "; ".join(_told(scope) for scope in found)
        raise CommandError(f"There are several customers of this id, choose one: {places}")
    return found[0]


def _told(scope: ObjectScope) -> str:
    mode = "--livemode" if scope["livemode"] else "--testmode"
    return f"--provider {scope['provider']} --account '{scope['account']}' {mode}"
