"""What a verification found."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

KEPT = 1000
"""How many findings are kept; the others are counted."""

MAX_HOLES = 10_000


@dataclass(frozen=True, slots=True)
class Finding:
    """What is not as it was put on record: where, and what about it."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class Anchor:
    """An entry's number and HMAC, noted where nobody who can write to the database can."""

    sequence: int
    mac: str

    def __str__(self) -> str:
        return f"{self.sequence}:{self.mac}"

    @classmethod
    def parse(cls, text: str) -> "Anchor":
        """From `SEQUENCE:MAC`. Raises `ValueError` for anything else."""
        sequence, _, mac = text.strip().partition(":")
        if not sequence.isascii() or not sequence.isdigit() or not mac:
            raise ValueError("an anchor is SEQUENCE:MAC, as `audit status` shows it")
        return cls(int(sequence), mac.lower())


@dataclass(slots=True)
class Unsealed:
    """What nothing proves yet."""

    count: int = 0
    oldest: datetime | None = None


@dataclass(slots=True)
class Report:
    """What was looked at, and what was found, the first first."""

    entries: int = 0
    seals: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    removed: int = 0
    unsealed: dict[str, Unsealed] = field(default_factory=dict)
    head: Anchor | None = None
    findings: list[Finding] = field(default_factory=list)
    found: int = 0
    notes: list[str] = field(default_factory=list)
    _holes: list[tuple[str, int, int]] = field(default_factory=list)
    _unknown_keys: set[str] = field(default_factory=set)

    def find(self, where: str, what: str) -> None:
        """Add a finding."""
        self.found += 1
        if len(self.findings) < KEPT:
            self.findings.append(Finding(where, what))

    def lacks_key(self, where: str, key_id: str) -> None:
        """Add that what this key has signed can't be verified: once for each key."""
        if key_id not in self._unknown_keys:
            self._unknown_keys.add(key_id)
            self.find(
                where,
                f"signed with the key {key_id!r}, which is neither AUDIT_KEY nor among "
                "AUDIT_KEY_FALLBACKS: this, and what else it signed, can't be verified",
            )

    def miss_seal(self, table: str, first: int, last: int) -> None:
        """Remember a range whose seal is of no use, so that its rows are not found one by one."""
        if len(self._holes) < MAX_HOLES:
            self._holes.append((table, first, last))

    def holes(self, table: str) -> Iterator[tuple[int, int]]:
        """The ranges of a table whose seals are of no use."""
        return ((first, last) for label, first, last in self._holes if label == table)
