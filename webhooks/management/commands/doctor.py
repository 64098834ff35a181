"""Say what needs somebody, and what to do about it."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from webhooks.doctor import Examined, Finding, State, examine_all
from webhooks.management.logged import LoggedCommand
from webhooks.registration.addresses import BadAddress, origin_of, public_address, read_address

MARKS = {State.OK: "ok", State.ATTENTION: "ATTENTION", State.NOT_ASKED: "not asked"}


class Command(LoggedCommand):
    help = (
        "Examine this installation: its settings and secrets, the database, what Stripe sends to "
        "our endpoints, our clock, the last deliveries, and what processes events. Says of each "
        "finding what to do. Exit status 1 when something needs attention. Changes nothing."
    )
    # Its findings are what the checks say, and more: they must not end it.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--url",
            default="",
            help="the public address of this installation (default: that of SITE_URL)",
        )
        parser.add_argument("--offline", action="store_true", help="don't ask Stripe")
        parser.add_argument("--json", action="store_true", help="print the findings for programs")

    def handle(self, *_: Any, **options: Any) -> None:
        examined = Examined(timezone.now(), _address(options["url"]), options["offline"])
        groups = examine_all(examined)
        if options["json"]:
            self._print_json(examined, groups)
        else:
            self._print(groups)
        if count := len(_with_attention(groups)):
            raise CommandError(f"{count} {'findings need' if count > 1 else 'finding needs'} you.")

    def _print_json(self, examined: Examined, groups: dict[str, list[Finding]]) -> None:
        report = {
            "examined_at": examined.now.isoformat(),
            "needs_attention": bool(_with_attention(groups)),
            "findings": [
                {"group": group, **finding.as_json()}
                for group, findings in groups.items()
                for finding in findings
            ],
        }
        self.stdout.write(json.dumps(report, indent=2))

    def _print(self, groups: dict[str, list[Finding]]) -> None:
        styles = {State.OK: self.style.SUCCESS, State.ATTENTION: self.style.ERROR}
        for group, findings in groups.items():
            self.stdout.write(self.style.MIGRATE_HEADING(group))
            for finding in findings:
                style = styles.get(finding.state, self.style.WARNING)
                subject = f"{finding.subject}: " if finding.subject else ""
                self.stdout.write(
                    f"  {style(MARKS[finding.state].ljust(10))} {subject}{finding.found}"
                )
        if pressing := _with_attention(groups):
            self.stdout.write(self.style.MIGRATE_HEADING("\nWhat to do"))
            for finding in pressing:
                self.stdout.write(f"  {finding.code}: {finding.fix}")


def _with_attention(groups: dict[str, list[Finding]]) -> list[Finding]:
    return [
        finding
        for findings in groups.values()
        for finding in findings
        if finding.state is State.ATTENTION
    ]


def _address(url: str) -> str:
    try:
        return origin_of(read_address(url).geturl()) if url else public_address()
    except BadAddress as error:
        raise CommandError(f"--url: {error}") from error
