"""Verify, seal and export the audit trail."""

import shutil
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import Error
from django.utils import timezone

from webhooks import audit
from webhooks.audit import Anchor, VerificationReport
from webhooks.management.logged import LoggedCommand
from webhooks.management.operator import system_user


class Command(LoggedCommand):
    help = (
        "The audit trail: what staff, commands and the system did, in a chain of keyed hashes that "
        "also seals events, attempts and billing changes. `verify` finds whatever was altered, "
        "deleted or inserted; `seal` seals what was recorded since the last time; `export` writes "
        "a file that can be verified without this project; `status` shows up to when everything "
        "is sealed, and the anchor to keep outside this database. Needs AUDIT_KEY."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        verify = actions.add_parser(
            "verify",
            help="verify entries, seals and sealed rows; exit status 1 when one is not as recorded",
        )
        verify.add_argument(
            "--anchor",
            type=_anchor,
            action="append",
            default=[],
            metavar="SEQ:MAC",
            help="an anchor kept from earlier, whose entry must still be there; may be repeated",
        )
        verify.add_argument(
            "--all",
            action="store_true",
            help="list the first 1000 findings instead of the first 10",
        )
        actions.add_parser(
            "seal", help="seal every row that is committed now, and print the anchor"
        )
        actions.add_parser(
            "status", help="show what is not sealed yet, up to when all is, and the anchor"
        )
        export = actions.add_parser(
            "export", help="write entries to a file that can be verified on its own"
        )
        _add_export_arguments(export)

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
        try:
            audit.note_verification(report, now=timezone.now())
        except Error as error:
            # A copy that can only be read is verified as well as any.
            self.stderr.write(f"no alert will tell of this outcome: {type(error).__name__}")
        for line in _lines(report, shown=1000 if options["all"] else 10):
            self.stdout.write(line)
        # The first finding is in the message as well, for a cron job that mails errors only.
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
            # Never over an older export: that may be somebody's evidence.
            with path.open("xb") as file:
                file.writelines(lines)
            if options["with_verifier"]:
                shutil.copyfile(audit.VERIFIER, path.parent / audit.VERIFIER.name)
        except ValueError as error:
            raise CommandError(f"--first, --last: {error}.") from error
        except OSError as error:
            raise CommandError(f"{path} can't be written: {error.strerror}.") from error
        self.stdout.write(f"{path} written; verify it with {audit.VERIFIER.name}")


def _add_export_arguments(export: ArgumentParser) -> None:
    export.add_argument("file", type=Path, help="the file to write; it must not exist yet")
    export.add_argument(
        "--first",
        type=int,
        default=1,
        metavar="SEQ",
        help="number of the first entry (default: 1)",
    )
    export.add_argument(
        "--last", type=int, metavar="SEQ", help="number of the last entry (default: the latest)"
    )
    export.add_argument(
        "--with-verifier",
        action="store_true",
        help="also write verify_export.py, the program that verifies it, next to the file",
    )


def _lines(report: VerificationReport, *, shown: int) -> Iterator[str]:
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
