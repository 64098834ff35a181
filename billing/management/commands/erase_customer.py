"""Erase the personal data of a customer."""

from argparse import ArgumentParser, BooleanOptionalAction
from collections import Counter
from typing import Any

from django.core.management.base import CommandError

from billing.privacy import erasure, outcomes
from billing.privacy.search import scopes_of
from webhooks.events import ObjectScope
from webhooks.management.logged import LoggedCommand
from webhooks.management.operator import system_user


class Command(LoggedCommand):
    help = (
        "Erase a customer's personal data from payloads, billing rows, their history, errors and "
        "reasons; ids, amounts, statuses, times and hashes stay. Events of the customer that come "
        "in later are stored without it. This can't be undone. It is safe to interrupt and to run "
        "again: it continues, or reports that nothing is left to erase. The provider keeps its "
        "data until the customer is deleted there."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "customer_id", nargs="?", metavar="CUSTOMER_ID", help="the provider's id, cus_..."
        )
        parser.add_argument(
            "--unfinished",
            action="store_true",
            help="continue interrupted erasures, and erase objects that turned out to belong to an "
            "erased customer; takes neither an id nor a reason",
        )
        parser.add_argument("--provider", help="the provider, if several have this id")
        parser.add_argument(
            "--account",
            help="the connected account, acct_..., if several have this id; '' for our own account",
        )
        parser.add_argument(
            "--livemode",
            action=BooleanOptionalAction,
            help="the live customer, if both modes have this id",
        )
        parser.add_argument(
            "--testmode",
            action="store_false",
            dest="livemode",
            default=None,
            help="the test customer: the same as --no-livemode",
        )
        parser.add_argument(
            "--reason",
            default="",
            help="a reason, such as a ticket's number; required. Only a keyed hash is kept",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="only print what would be erased"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        # Exactly one of them: an id beside --unfinished would seem to limit what it erases.
        if bool(options["customer_id"]) == options["unfinished"]:
            raise CommandError("Name a customer, or say --unfinished.")
        if options["unfinished"]:
            self._finish_all()
            return
        # A dry run erases nothing, so there is nothing to give a reason for.
        if not (options["reason"].strip() or options["dry_run"]):
            raise CommandError("--reason: say why.")
        self._erase(options)

    def _finish_all(self) -> None:
        altered = refused = 0
        for customer_id, done in erasure.finish_all():
            if done is None:
                refused += 1
                self.stdout.write(f"{customer_id}: refused: nobody began this erasure on record")
                continue
            altered += done.pop(outcomes.ALTERED, 0)
            self.stdout.write(f"{customer_id}: {_count(done)}")
        # At the end, so that one that somebody put in keeps nobody else from being erased.
        if refused:
            raise CommandError(
                f"{refused} erasures were refused: nothing signed in the audit trail began them. "
                "See `manage.py audit verify`. Who wants such a customer erased names the customer."
            )
        _report_altered(altered)

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
        # Each batch is committed, and what is left is found anew, so there is no state to resume.
        except KeyboardInterrupt:
            raise CommandError("Interrupted. Run the same again to go on.") from None
        altered = done.pop(outcomes.ALTERED, 0)
        would = "would be " if options["dry_run"] and done else ""
        self.stdout.write(would + _count(done))
        _report_altered(altered)

    def _progress(self, so_far: Counter[str]) -> None:
        self.stderr.write(f"\r{so_far.total()} rows", ending="")


def _report_altered(rows: int) -> None:
    if rows:
        raise CommandError(
            f"{rows} rows were kept: they are not as they were recorded, and may still identify "
            "somebody. See `manage.py audit verify`; run this again once they are as they were."
        )


def _count(done: Counter[str]) -> str:
    counts = ", ".join(f"{count} {name}" for name, count in sorted(done.items()))
    return f"redacted: {counts}" if counts else "nothing is left to erase"


def _scope(options: dict[str, Any]) -> ObjectScope:
    wanted = {name: options[name] for name in ("provider", "account", "livemode")}
    found = [
        scope
        for scope in scopes_of(options["customer_id"])
        if all(value is None or scope[name] == value for name, value in wanted.items())  # type: ignore[literal-required]
    ]
    if not found:
        raise CommandError(f"Nothing is known of a customer {options['customer_id']} there.")
    # Never guessed: an erasure of somebody else could not be undone.
    if len(found) > 1:
        places = "; ".join(_as_options(scope) for scope in found)
        raise CommandError(f"There are several customers of this id, choose one: {places}")
    return found[0]


def _as_options(scope: ObjectScope) -> str:
    mode = "--livemode" if scope["livemode"] else "--testmode"
    return f"--provider {scope['provider']} --account '{scope['account']}' {mode}"
