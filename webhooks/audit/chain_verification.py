"""Verify the chain: every entry from the first to the head, and the seals that they commit to."""

import hmac
from collections.abc import Callable
from typing import Any

from webhooks.audit import keys
from webhooks.audit.chain import HEAD, consent_of, mac_of
from webhooks.audit.entry_reading import BATCH, read_entries
from webhooks.audit.report import Anchor, VerificationReport
from webhooks.audit.seal_format import root_of, roots_digest
from webhooks.models import AuditEntry, AuditHead, Seal

Progress = Callable[[VerificationReport], None]


class ChainVerifier:
    """Follows the chain from the first entry to the head, and reports what does not fit."""

    def __init__(
        self, report: VerificationReport, anchors: list[Anchor], progress: Progress
    ) -> None:
        self.report = report
        self.progress = progress
        self.keys = keys.known()
        self.anchors = {anchor.sequence: anchor for anchor in anchors}
        self.reached = 0
        self.key_id = ""
        # The HMACs that the next entry may be bound to; empty where the entry before is missing.
        self.previous: set[str] = {""}

    def run(self) -> None:
        """Verify all entries, those included that are appended meanwhile."""
        # No lock and no long transaction: the head is read again until it is also the end.
        while (head := AuditHead.objects.filter(pk=HEAD).first()) is not None:
            self._verify_up_to(head.sequence)
            if self._is_the_end(head):
                self._check_head(head)
                break
        else:
            self._verify_up_to(None)
            if self.report.entries:
                self.report.add("the head", "deleted: nothing tells where the trail ends")
        for anchor in self.anchors.values():
            self.report.add(
                f"entry {anchor.sequence}", "not there, though an anchor says that it was"
            )
        self._find_unbound_seals()

    def _is_the_end(self, head: AuditHead) -> bool:
        if not AuditEntry.objects.filter(sequence__gt=head.sequence).exists():
            return True
        if AuditHead.objects.filter(pk=HEAD, sequence=head.sequence).exists():
            self._verify_up_to(None)
            return True
        return False

    def _check_head(self, head: AuditHead) -> None:
        where = "the head"
        if head.sequence != self.reached:
            verb = "deleted" if head.sequence > self.reached else "added"
            low, high = sorted([head.sequence, self.reached])
            self.report.add(
                where,
                f"it says that the last entry is {head.sequence}; {_span(low + 1, high)}: {verb}",
            )
        elif head.mac not in self.previous or (head.sequence and head.key_id != self.key_id):
            self.report.add(where, f"it differs from entry {head.sequence}, the last")
        elif head.sequence:
            self.report.head = Anchor(head.sequence, head.mac)

    def _verify_up_to(self, end: int | None) -> None:
        for entry, details in read_entries(self.reached if self.report.entries else None, end):
            if isinstance(entry, int):  # the number of one that could not be read
                self._note_unreadable(entry)
            else:
                self._check(entry, details)
            self.report.entries += 1
            if self.report.entries % BATCH == 0:
                self.progress(self.report)

    def _note_unreadable(self, sequence: int) -> None:
        self.report.add(f"entry {sequence}", "altered: it can't be read")
        self.reached, self.previous = sequence, set()

    def _check(self, entry: AuditEntry, details: Any) -> None:
        where = f"entry {entry.sequence}"
        if entry.sequence < 1:
            self.report.add(where, "inserted: entries begin at 1")
            return
        self._check_sequence(entry.sequence)
        is_intact = self._check_mac(entry, where, is_as_written="json" in details)
        self._check_key(entry, where)
        self._check_anchor(entry, where)
        # Of an altered entry the seals' digest proves nothing, and it has been reported already.
        if is_intact and isinstance(entry.details.get("sealed"), dict):
            self._check_seals(entry, where)
        self.reached, self.key_id = entry.sequence, entry.key_id

    def _check_sequence(self, sequence: int) -> None:
        expected = self.reached + 1
        if sequence > expected:
            self.report.add(_span(expected, sequence - 1), "deleted")
            self.previous = set()

    def _check_mac(self, entry: AuditEntry, where: str, *, is_as_written: bool) -> bool:
        key = self.keys.get(entry.key_id)
        if key is None:
            self.report.add_missing_key(where, entry.key_id)
            self.previous = {entry.mac}
            return True
        # Altered details may hold what has no canonical form: that is a finding, not a crash.
        try:
            right = {mac_of(entry, previous=mac, key=key) for mac in self.previous}
        except (TypeError, AttributeError):
            right = set()
            is_as_written = False
        # Without the entry before there is nothing to verify this one by.
        is_intact = is_as_written and (entry.mac in right or not self.previous)
        if not is_intact:
            self.report.add(where, f"altered ({_described(entry)}): its HMAC does not fit")
        # The next entry was bound to this one before it was altered, so one finding is enough.
        self.previous = {entry.mac} if is_intact else right | {entry.mac}
        return is_intact

    def _check_key(self, entry: AuditEntry, where: str) -> None:
        if not self.key_id or entry.key_id == self.key_id:
            return
        if entry.action != AuditEntry.Action.KEY_CHANGED:
            self.report.add(where, "signed with another key than the one before, without notice")
            return
        former, consent = self.keys.get(self.key_id), entry.details.get("consent")
        if not consent:
            self.report.notes.append(
                f"{where}: the key was changed while the former, {self.key_id}, was not at hand"
            )
        elif former and not self._consents(former, str(consent), entry):
            self.report.add(where, "the former key does not consent to its successor")

    def _consents(self, former: str, consent: str, entry: AuditEntry) -> bool:
        before = AuditEntry.objects.filter(sequence=entry.sequence - 1).values_list(
            "mac", flat=True
        )
        return any(
            hmac.compare_digest(consent_of(former, mac, entry.key_id), consent) for mac in before
        )

    def _check_anchor(self, entry: AuditEntry, where: str) -> None:
        anchor = self.anchors.pop(entry.sequence, None)
        if anchor and anchor.mac != entry.mac:
            self.report.add(where, "not the one that an anchor names: the trail was rewritten")

    def _check_seals(self, entry: AuditEntry, where: str) -> None:
        roots: list[str] = []
        # Few at a time: each holds the keys and hashes of up to 2,000 rows.
        for one in Seal.objects.filter(entry=entry.sequence).order_by("id").iterator(chunk_size=20):
            roots.append(one.root)
            self._check_seal(one)
        recorded = entry.details["sealed"]
        if recorded == {"seals": len(roots), "root": roots_digest(roots)}:
            return
        if len(roots) != recorded.get("seals"):
            self.report.add(
                f"{where}: its seals",
                f"{recorded.get('seals')} were made, and {len(roots)} are there"
                f"{_sealed_range(entry)}: deleted or inserted",
            )
        else:
            self.report.add(f"{where}: its seals", f"altered{_sealed_range(entry)}")
        if "table" in entry.details:
            self.report.add_unverifiable(
                *(entry.details[name] for name in ("table", "first", "last"))
            )

    def _check_seal(self, seal: Seal) -> None:
        self.report.seals += 1
        key = self.keys.get(seal.key_id)
        if key is None:
            self.report.add_missing_key(str(seal), seal.key_id)
        elif root_of(seal, key) != seal.root:
            self.report.add(str(seal), "altered: its HMAC does not fit")
            self.report.add_unverifiable(seal.table, seal.first, seal.last)

    def _find_unbound_seals(self) -> None:
        """Report seals that no entry commits to."""
        # The query is dear, so it is asked only where the numbers show that there are such.
        if Seal.objects.count() == self.report.seals:
            return
        bound = AuditEntry.objects.filter(details__has_key="sealed").values("sequence")
        unbound = Seal.objects.exclude(entry__in=bound).defer("ids", "macs").order_by("id")
        for one in unbound.iterator():
            self.report.add(str(one), "inserted: no entry commits to it")


def _span(first: int, last: int) -> str:
    return f"entry {first}" if first == last else f"entries {first} to {last}"


def _described(entry: AuditEntry) -> str:
    return f"{entry.action}, {entry.recorded_at}"


def _sealed_range(entry: AuditEntry) -> str:
    if "table" not in entry.details:
        return ""
    return " ({table} {first} to {last})".format(**entry.details)
