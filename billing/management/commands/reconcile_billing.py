"""Compare what is stored with what the provider has."""

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
from billing.privacy.redaction import is_personal
from webhooks.management.recorded import RecordedCommand
from webhooks.providers import stripe_api


class Command(RecordedCommand):
    on_record = ("types", "ids", "account", "in_doubt", "repair")
    help = (
        "Ask the provider for the stored objects, and report where they differ, field by field. "
        "With --repair, store what the provider has; each mend is in the object's history. "
        "Changes nothing otherwise. Needs STRIPE_API_KEY. Ends with status 1 when something "
        "differs and was not mended."
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
            "--id", action="append", dest="ids", help="only this object; repeatable"
        )
        parser.add_argument(
            "--account", help="only objects of this connected account; an empty one is our own"
        )
        parser.add_argument(
            "--in-doubt", action="store_true", help="only objects that events left in doubt"
        )
        parser.add_argument(
            "--hours", type=float, metavar="H", help="only objects stored anew within so many hours"
        )
        parser.add_argument("--repair", action="store_true", help="store what the provider has")

    def handle(self, *_: Any, **options: Any) -> None:
        if not stripe_api.is_configured():
            raise CommandError("STRIPE_API_KEY is not set: there is nobody to ask.")
        told: Counter[str] = Counter()
        for compared in compare_all(_chosen(options), repair=options["repair"]):
            told[_outcome(compared)] += 1
            told["not well"] += not compared.is_well
            for line in _lines(compared):
                self.stdout.write(line)
            if self.stderr.isatty():
                self.stderr.write(f"\r{sum(told.values()) - told['not well']} compared", ending="")
        self.stdout.write(
            f"{told['alike']} alike, {told['different']} different, {told['mended']} mended, "
            f"{told['gone']} gone, {told['out of reach']} out of reach, {told['failed']} failed"
        )
        if told["not well"]:
            hint = "" if options["repair"] else " --repair stores what the provider has."
            raise CommandError(
                f"{told['not well']} objects are not as the provider has them.{hint}"
            )


def _chosen(options: dict[str, Any]) -> Iterator[QuerySet[Any]]:
    for name in options["types"] or MODELS:
        rows = MODELS[name]._default_manager.all()
        if options["ids"]:
            rows = rows.filter(provider_id__in=options["ids"])
        if options["account"] is not None:
            rows = rows.filter(account=options["account"])
        if options["in_doubt"]:
            rows = rows.filter(in_doubt=True)
        if options["hours"] is not None:
            rows = rows.filter(updated_at__gte=timezone.now() - timedelta(hours=options["hours"]))
        yield rows


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
    for field, (stored, theirs) in compared.differences.items():
        # What is printed is logged by whatever runs commands, and logs are for no one's data.
        values = "" if is_personal(subject.object_type, field) else f": {stored!r} -> {theirs!r}"
        yield f"{name}: {field}{values or ' differs'}"
    if compared.was_in_doubt and not compared.differences:
        yield f"{name}: was in doubt, and is as stored"
    if compared.gone:
        yield f"{name}: the provider has no such object"
    if compared.out_of_reach:
        yield f"{name}: can't be asked for with this key"
    if compared.failure:
        yield f"{name}: {compared.failure}"
