"""Compare stored billing objects with the provider's."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError
from django.db.models import QuerySet
from django.utils import timezone

from billing.fetching.drift import Compared, compare_all
from billing.models import MODELS
from billing.privacy.masking import masked
from billing.privacy.redaction import is_personal
from billing.reach import askable, asked_providers, beside_live, hindrance
from webhooks.events import ObjectScope
from webhooks.management.recorded import RecordedCommand

OUTCOMES = ("alike", "different", "mended", "gone", "out of reach", "failed")


class Command(RecordedCommand):
    on_record = ("types", "ids", "account", "in_doubt", "repair")
    help = (
        "Fetch stored objects from the provider, and report every field that differs. With "
        "--repair, store the provider's values, with an entry in the object's history; without "
        "it, nothing is changed. Needs the key to a provider's API, such as STRIPE_API_KEY: a live "
        "key reaches live objects, a test key test objects. With a live key, test objects are left "
        "out, but for those that --id names, and so are objects of providers that can't be asked, "
        "which are named. Calls each provider at most STRIPE_FETCH_PER_SECOND times a second. Exit "
        "status 1 when something differs and was not mended, or could not be fetched."
    )

    def changes_something(self, options: dict[str, Any]) -> bool:
        return bool(options["repair"])

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--type",
            action="append",
            choices=list(MODELS),
            dest="types",
            metavar="TYPE",
            help=f"only objects of this type; may be repeated: {', '.join(MODELS)}",
        )
        parser.add_argument(
            "--id",
            action="append",
            dest="ids",
            metavar="ID",
            help="only the object with this id; may be repeated",
        )
        parser.add_argument(
            "--account",
            help="only objects of this connected account, acct_...; '' for our own account",
        )
        parser.add_argument(
            "--in-doubt",
            action="store_true",
            help="only objects whose state the events left in doubt",
        )
        parser.add_argument(
            "--hours",
            type=float,
            metavar="HOURS",
            help="only objects whose row changed within the last HOURS hours",
        )
        parser.add_argument("--repair", action="store_true", help="store the provider's values")

    def handle(self, *_: Any, **options: Any) -> None:
        if not asked_providers():
            raise CommandError(
                "STRIPE_API_KEY is not set, nor another's key: no provider can be asked."
            )
        outcomes: Counter[str] = Counter()
        not_well = 0
        for compared in compare_all(_chosen(options), repair=options["repair"]):
            outcomes[_outcome(compared)] += 1
            not_well += not compared.is_well
            for line in _lines(compared):
                self.stdout.write(line)
            if self.stderr.isatty():
                self.stderr.write(f"\r{outcomes.total()} compared", ending="")
        self.stdout.write(", ".join(f"{outcomes[name]} {name}" for name in OUTCOMES))
        for line in _not_asked():
            self.stdout.write(line)
        # After the figures, so that they are printed whatever the exit status is.
        if not_well:
            hint = "" if options["repair"] else " --repair stores what the provider has."
            raise CommandError(f"{not_well} objects are not as the provider has them.{hint}")


# A type at a time, lazily: the objects of all types would not fit into memory.
def _chosen(options: dict[str, Any]) -> Iterator[QuerySet[Any]]:
    for name in options["types"] or MODELS:
        rows = MODELS[name]._default_manager.all()
        # What is asked for by name is answered for, be it by no.
        if options["ids"]:
            rows = rows.filter(provider_id__in=options["ids"])
        else:
            rows = rows.filter(askable(name)).exclude(beside_live())
        if options["account"] is not None:
            rows = rows.filter(account=options["account"])
        if options["in_doubt"]:
            rows = rows.filter(in_doubt=True)
        if options["hours"] is not None:
            rows = rows.filter(updated_at__gte=timezone.now() - timedelta(hours=options["hours"]))
        yield rows


def _not_asked() -> Iterator[str]:
    """Yield the providers of stored objects that can't be asked, each with the reason."""
    stored = {
        name
        for model in MODELS.values()
        for name in model._default_manager.order_by().values_list("provider", flat=True).distinct()
    }
    for name in sorted(stored - set(asked_providers())):
        why = hindrance(ObjectScope(provider=name, account="", livemode=True))
        yield f"not asked: {name}'s objects. {why or 'There is no such provider any more.'}"


def _outcome(compared: Compared) -> str:
    if compared.failure:
        return "failed"
    if compared.out_of_reach:
        return "out of reach"
    if compared.gone:
        return "gone"
    if compared.mended:
        return "mended"
    return "different" if compared.differences or compared.was_in_doubt else "alike"


def _lines(compared: Compared) -> Iterator[str]:
    subject = compared.subject
    where = f" in {subject.scope['account']}" if subject.scope["account"] else ""
    name = f"{subject.object_type} {subject.provider_id}{where}"
    for field, values in compared.differences.items():
        # What commands print ends up in logs, and personal data must not be there.
        stored, theirs = (masked(subject.object_type, field, value) for value in values)
        is_told = not is_personal(subject.object_type, field)
        yield f"{name}: {field}" + (f": {stored!r} -> {theirs!r}" if is_told else " differs")
    if compared.was_in_doubt and not compared.differences:
        yield f"{name}: was in doubt, and is as stored"
    if compared.gone:
        yield f"{name}: the provider has no such object"
    if compared.out_of_reach:
        yield f"{name}: can't be asked for with this key"
    if compared.failure:
        yield f"{name}: {compared.failure}"
