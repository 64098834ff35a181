"""What was asked of a drill, and what came of it."""

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import Any

from webhooks.drill.invariants import Finding
from webhooks.drill.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Orders:
    """What to hold. `patience` is how many seconds the receiver has to process everything."""

    url: str
    deliveries: int
    concurrency: int
    seed: int
    patience: float


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it."""

    orders: Orders
    ledger: Ledger
    findings: list[Finding]
    sent_seconds: float
    settled_seconds: float

    @property
    def broken(self) -> list[Finding]:
        """The rules that did not hold."""
        return [finding for finding in self.findings if finding.breaches]

    @property
    def answers(self) -> dict[str, dict[str, int]]:
        """How often each kind of delivery was answered how."""
        answers: dict[str, dict[str, int]] = defaultdict(dict)
        for (kind, answer), times in sorted(self.ledger.answers.items()):
            answers[kind][answer] = times
        return dict(answers)

    @property
    def figures(self) -> dict[str, float]:
        """How fast it went; the times are those of genuine deliveries' answers."""
        times = sorted(self.ledger.milliseconds)
        return {
            "delivered": self.ledger.delivered,
            "seconds": round(self.sent_seconds, 2),
            "per_second": round(self.ledger.delivered / self.sent_seconds, 1),
            "median_ms": round(times[len(times) // 2], 1),
            "p99_ms": round(times[len(times) * 99 // 100], 1),
            "settled_after_seconds": round(self.settled_seconds, 2),
        }

    def as_json(self) -> dict[str, Any]:
        """The whole of it, for programs."""
        return {
            "run": self.ledger.run,
            **asdict(self.orders),
            **self.figures,
            "answers": self.answers,
            "rules": [asdict(finding) for finding in self.findings],
            "is_clean": not self.broken,
        }
