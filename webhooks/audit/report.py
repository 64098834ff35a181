"""The report of a verification."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

MAX_FINDINGS = 1000
"""The most findings that are kept; the others are counted."""

# A rewritten table can have millions of findings, and memory must not grow with them.
MAX_UNVERIFIABLE = 10_000
"""The most key ranges with useless seals that are remembered."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was recorded: where, and what about it."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class Anchor:
    """An entry's number and HMAC, kept outside the database to prove later that it was there."""

    sequence: int
    mac: str

    def __str__(self) -> str:
        return f"{self.sequence}:{self.mac}"

    @classmethod
    def parse(cls, text: str) -> "Anchor":
        """Read `SEQUENCE:MAC`. Raises `ValueError` for anything else."""
        sequence, _, mac = text.strip().partition(":")
        if not sequence.isascii() or not sequence.isdigit() or not mac:
            raise ValueError("an anchor is SEQUENCE:MAC, as `audit status` shows it")
        return cls(int(sequence), mac.lower())


@dataclass(slots=True)
class Unsealed:
    """The number of a table's rows that no seal covers yet, and the time of the oldest."""

    count: int = 0
    oldest: datetime | None = None


@dataclass(slots=True)
class VerificationReport:
    """The counts of a verification, and its findings in the order in which they were found."""

    entries: int = 0
    seals: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    removed: int = 0
    unsealed: dict[str, Unsealed] = field(default_factory=dict)
    head: Anchor | None = None
    findings: list[Finding] = field(default_factory=list)
    found: int = 0
    notes: list[str] = field(default_factory=list)
    _unverifiable: list[tuple[str, int, int]] = field(default_factory=list)
    _unknown_keys: set[str] = field(default_factory=set)

    def add(self, where: str, what: str) -> None:
        """Add a finding."""
        self.found += 1
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(where, what))

    def add_missing_key(self, where: str, key_id: str) -> None:
        """Add that a key is not at hand: once for each key."""
        if key_id not in self._unknown_keys:
            self._unknown_keys.add(key_id)
            self.add(
                where,
                f"signed with the key {key_id!r}, which is neither AUDIT_KEY nor among "
                "AUDIT_KEY_FALLBACKS: this, and what else it signed, can't be verified",
            )

    def add_unverifiable(self, table: str, first: int, last: int) -> None:
        """Add a range of keys whose seal is useless, so that its rows are not reported singly."""
        if len(self._unverifiable) < MAX_UNVERIFIABLE:
            self._unverifiable.append((table, first, last))

    def unverifiable_ranges(self, table: str) -> Iterator[tuple[int, int]]:
        """Return the ranges of keys in a table whose seals are useless."""
        return ((first, last) for label, first, last in self._unverifiable if label == table)
