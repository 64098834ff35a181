"""Walking the chain."""

import hmac
from collections.abc import Callable
from typing import Any

from webhooks.audit import keys
from webhooks.audit.chain import HEAD, consent_of, mac_of
from webhooks.audit.entry_reading import BATCH, read_entries
from webhooks.audit.report import Anchor, Report
from webhooks.audit.seal_format import root_of, roots_digest
from webhooks.models import AuditEntry, AuditHead, Seal

Progress = Callable[[Report], None]


class Chain:
    """Goes from the first entry to the head, and tells the report what does not fit."""

    def __init__(self, report: Report, anchors: list[Anchor], progress: Progress) -> None:
        self.report = report
        self.progress = progress
        self.keys = keys.known()
        self.anchors = {anchor.sequence: anchor for anchor in anchors}
        self.reached = 0
        self.key_id = ""
        self.previous: set[str] = {""}

    def walk(self) -> None:
        """All entries, those included that are added meanwhile."""
        while (head := AuditHead.objects.filter(pk=HEAD).first()) is not None:
            self._walk_to(head.sequence)
            if self._is_the_end(head):
                self._check_head(head)
                break
        else:
            self._walk_to(None)
            if self.report.entries:
                self.report.find("the head", "deleted: nothing tells where the trail ends")
        for anchor in self.anchors.values():
            self.report.find(
                f"entry {anchor.sequence}", "not there, though an anchor says that it was"
            )
        self._find_unbound_seals()

    def _is_the_end(self, head: AuditHead) -> bool:
        if not AuditEntry.objects.filter(sequence__gt=head.sequence).exists():
            return True
        if AuditHead.objects.filter(pk=HEAD, sequence=head.sequence).exists():
            self._walk_to(None)
            return True
        return False

    def _check_head(self, head: AuditHead) -> None:
        where = "the head"
        if head.sequence != self.reached:
            verb = "deleted" if head.sequence > self.reached else "added"
            low, high = sorted([head.sequence, self.reached])
            self.report.find(
                where,
                f"it says that the last entry is {head.sequence}; {_span(low + 1, high)}: {verb}",
            )
        elif head.mac not in self.previous or (head.sequence and head.key_id != self.key_id):
            self.report.find(where, f"it differs from entry {head.sequence}, the last")
        elif head.sequence:
            self.report.head = Anchor(head.sequence, head.mac)

    def _walk_to(self, end: int | None) -> None:
        for entry, details in read_entries(self.reached if self.report.entries else None, end):
            if isinstance(entry, int):
                self._lose(entry)
            else:
                self._check(entry, details)
            self.report.entries += 1
            if self.report.entries % BATCH == 0:
                self.progress(self.report)

    def _lose(self, sequence: int) -> None:
        self.report.find(f"entry {sequence}", "altered: it can't be read")
        self.reached, self.previous = sequence, set()

    def _check(self, entry: AuditEntry, details: Any) -> None:
        where = f"entry {entry.sequence}"
        if entry.sequence < 1:
            self.report.find(where, "slipped in: entries begin at 1")
            return
        self._check_place(entry.sequence)
        fits = self._check_mac(entry, where, is_as_written="json" in details)
        self._check_key(entry, where)
        self._check_anchor(entry, where)
        if fits and isinstance(entry.details.get("sealed"), dict):
            self._check_seals(entry, where)
        self.reached, self.key_id = entry.sequence, entry.key_id

    def _check_place(self, sequence: int) -> None:
        expected = self.reached + 1
        if sequence > expected:
            self.report.find(_span(expected, sequence - 1), "deleted")
            self.previous = set()

    def _check_mac(self, entry: AuditEntry, where: str, *, is_as_written: bool) -> bool:
        key = self.keys.get(entry.key_id)
        if key is None:
            self.report.lacks_key(where, entry.key_id)
            self.previous = {entry.mac}
            return True
        try:
            right = {mac_of(entry, previous=mac, key=key) for mac in self.previous}
        except (TypeError, AttributeError):
            right = set()
            is_as_written = False
        # Without the entry before there is nothing to verify this one by.
        fits = is_as_written and (entry.mac in right or not self.previous)
        if not fits:
            self.report.find(where, f"altered ({_told(entry)}): its HMAC does not fit")
        # What follows an altered entry was bound to what it was.
        self.previous = {entry.mac} if fits else right | {entry.mac}
        return fits

    def _check_key(self, entry: AuditEntry, where: str) -> None:
        if not self.key_id or entry.key_id == self.key_id:
            return
        if entry.action != AuditEntry.Action.KEY_CHANGED:
            self.report.find(where, "signed with another key than the one before, without notice")
            return
        former, consent = self.keys.get(self.key_id), entry.details.get("consent")
        if not consent:
            self.report.notes.append(
                f"{where}: the key was changed while the former, {self.key_id}, was not at hand"
            )
        elif former and not self._consents(former, str(consent), entry):
            self.report.find(where, "the former key does not consent to its successor")

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
            self.report.find(where, "not the one that an anchor names: the trail was rewritten")

    def _check_seals(self, entry: AuditEntry, where: str) -> None:
        roots: list[str] = []
        for one in Seal.objects.filter(entry=entry.sequence).order_by("id").iterator(chunk_size=20):
            roots.append(one.root)
            self._check_seal(one)
        told = entry.details["sealed"]
        if told == {"seals": len(roots), "root": roots_digest(roots)}:
            return
        if len(roots) != told.get("seals"):
            self.report.find(
                f"{where}: its seals",
                f"{told.get('seals')} were made, and {len(roots)} are there"
                f"{_range(entry)}: deleted or slipped in",
            )
        else:
            self.report.find(f"{where}: its seals", f"altered{_range(entry)}")
        if "table" in entry.details:
            self.report.miss_seal(*(entry.details[name] for name in ("table", "first", "last")))

    def _check_seal(self, seal: Seal) -> None:
        self.report.seals += 1
        key = self.keys.get(seal.key_id)
        if key is None:
            self.report.lacks_key(str(seal), seal.key_id)
        elif root_of(seal, key) != seal.root:
            self.report.find(str(seal), "altered: its HMAC does not fit")
            self.report.miss_seal(seal.table, seal.first, seal.last)

    def _find_unbound_seals(self) -> None:
        """Only where the numbers differ is it worth asking which seal no entry knows."""
        if Seal.objects.count() == self.report.seals:
            return
        bound = AuditEntry.objects.filter(details__has_key="sealed").values("sequence")
        unbound = Seal.objects.exclude(entry__in=bound).defer("ids", "macs").order_by("id")
        for one in unbound.iterator():
            self.report.find(str(one), "slipped in: no entry knows of it")


def fits(entry: AuditEntry) -> bool | None:
    """Whether an entry fits the one before it, and the next one fits it.

    None when the key that signed one of them is not at hand.
    """
    around = AuditEntry.objects.filter(
        sequence__range=(entry.sequence - 1, entry.sequence + 1)
    ).order_by("sequence")
    previous, known = ("" if entry.sequence == 1 else None), keys.known()
    for one in around:
        if one.sequence >= entry.sequence:
            if one.key_id not in known:
                return None
            if previous is None or mac_of(one, previous=previous, key=known[one.key_id]) != one.mac:
                return False
        previous = one.mac
    return True


def _span(first: int, last: int) -> str:
    return f"entry {first}" if first == last else f"entries {first} to {last}"


def _told(entry: AuditEntry) -> str:
    return f"{entry.action}, {entry.recorded_at}"


def _range(entry: AuditEntry) -> str:
    told = entry.details
    return f" ({told['table']} {told['first']} to {told['last']})" if "table" in told else ""
