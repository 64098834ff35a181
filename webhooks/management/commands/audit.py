"""Verify, seal and export the audit trail."""

import shutil
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from webhooks import audit
from webhooks.audit import Anchor, VerificationReport
from webhooks.management.operator import system_user


class Command(BaseCommand):
    help = (
        "The audit trail: what staff, commands and the system did, in a chain of keyed hashes, "
        "which also seals events, attempts and billing changes. `verify` finds whatever was "
        "altered, deleted or inserted; `seal` commits to what was recorded since the last time; "
        "`export` writes a file that can be verified without this project; `status` tells how far "
        "everything is sealed, and the anchor to note elsewhere."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        verify = actions.add_parser(
            "verify", help="hold everything against the chain; exit status 1 when something differs"
        )
        verify.add_argument(
            "--anchor",
            type=_anchor,
            action="append",
            default=[],
            metavar="SEQ:MAC",
            help="an end of the trail noted earlier, which must still be in it; repeatable",
        )
        verify.add_argument(
            "--all", action="store_true", help="name the first 1000 findings, not only ten"
        )
        actions.add_parser("seal", help="seal all that is committed now")
        actions.add_parser("status", help="how far everything is sealed, and the anchor")
        export = actions.add_parser("export", help="write the entries to a file, verifiable alone")
        export.add_argument("file", type=Path, help="where to; must not be there yet")
        export.add_argument("--first", type=int, default=1, metavar="SEQ", help="default: 1")
        export.add_argument("--last", type=int, metavar="SEQ", help="default: the latest")
        export.add_argument(
            "--with-verifier",
            action="store_true",
            help="put the program that verifies it next to it, verify_export.py",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        {
            "verify": self._verify,
            "seal": self._seal,
            "status": self._status,
            "export": self._export,
        }[options["action"]](**options)

    def _verify(self, **options: Any) -> None:
        progress = self._progress if self.stderr.isatty() else lambda _: None
        report = audit.verify(anchors=options["anchor"], progress=progress)
        if self.stderr.isatty():
            self.stderr.write("\r\x1b[K", ending="")
        for line in _told(report, shown=1000 if options["all"] else 10):
            self.stdout.write(line)
        if report.found:
            raise CommandError(f"Not as recorded. First: {report.findings[0]}")

    def _progress(self, report: VerificationReport) -> None:
        rows = sum(report.rows.values())
        self.stderr.write(f"\r{report.entries} entries, {rows} rows", ending="")

    def _seal(self, **_: Any) -> None:
        count = audit.seal(now=timezone.now(), actor=system_user())
        self.stdout.write(f"{count} rows sealed")
        self.stdout.write(f"anchor {audit.current_anchor() or 'none: nothing is on record'}")

    def _status(self, **_: Any) -> None:
        for label, unsealed in audit.unsealed().items():
            since = (
                f", the oldest from {unsealed.oldest:%Y-%m-%d %H:%M:%S}" if unsealed.oldest else ""
            )
            self.stdout.write(f"{label}: {unsealed.count} not sealed yet{since}")
        moment = audit.sealed_up_to()
        self.stdout.write(
            f"sealed up to {moment:%Y-%m-%d %H:%M:%S}" if moment else "nothing sealed"
        )
        self.stdout.write(f"anchor {audit.current_anchor() or 'none: nothing is on record'}")

    def _export(self, **options: Any) -> None:
        path: Path = options["file"]
        try:
            lines = audit.export(
                actor=system_user(),
                now=timezone.now(),
                first=options["first"],
                last=options["last"],
            )
            with path.open("xb") as file:
                file.writelines(lines)
            if options["with_verifier"]:
                shutil.copyfile(audit.VERIFIER, path.parent / audit.VERIFIER.name)
        except ValueError as error:
            raise CommandError(f"--first, --last: {error}.") from error
        except OSError as error:
            raise CommandError(f"{path} can't be written: {error.strerror}.") from error
        self.stdout.write(f"{path} written; verify it with {audit.VERIFIER.name}")


def _told(report: VerificationReport, *, shown: int) -> Iterator[str]:
    for finding in report.findings[:shown]:
        yield f"NOT AS RECORDED  {finding}"
    if report.found > shown:
        yield f"... and {report.found - shown} more"
    yield from report.notes
    yield f"{report.entries} entries and {report.seals} seals verified"
    for label, unsealed in report.unsealed.items():
        line = (
            f"{label}: {report.rows[label]} rows in sealed ranges, {unsealed.count} not sealed yet"
        )
        yield f"{line} (the oldest from {unsealed.oldest})" if unsealed.oldest else line
    if report.removed:
        yield f"{report.removed} rows were deleted on record"
    yield f"anchor {report.head or 'none'}"


def _anchor(text: str) -> Anchor:
    try:
        return Anchor.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error
