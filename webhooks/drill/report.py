"""The options of a drill, and the report of what it found."""

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import Any

from webhooks.drill.delivery_log import DeliveryLog
from webhooks.drill.invariants import InvariantResult


@dataclass(frozen=True, slots=True)
class DrillOptions:
    """The options of a drill. `patience` is the time to process everything, in seconds.

    `with_faults` says that somebody stops servers meanwhile, so that some deliveries get no answer
    until they are sent again.
    """

    endpoint: str
    url: str
    deliveries: int
    concurrency: int
    seed: int
    patience: float
    with_faults: bool = False


@dataclass(frozen=True, slots=True)
class DrillReport:
    """The answers, figures and invariants of a drill; times are in seconds."""

    options: DrillOptions
    log: DeliveryLog
    results: list[InvariantResult]
    sent_seconds: float
    settled_seconds: float
    left_out: tuple[str, ...] = ()

    @property
    def broken(self) -> list[InvariantResult]:
        """The invariants that did not hold."""
        return [result for result in self.results if result.violations]

    @property
    def answers(self) -> dict[str, dict[str, int]]:
        """Per kind of delivery: its answers, and the number of each."""
        answers: dict[str, dict[str, int]] = defaultdict(dict)
        for (kind, answer), times in sorted(self.log.answers.items()):
            answers[kind][answer] = times
        return dict(answers)

    @property
    def figures(self) -> dict[str, float]:
        """The speed; the milliseconds are those of genuine deliveries' answers."""
        # Refusals are left out: they are answered faster, and would flatter the median.
        times = sorted(self.log.milliseconds)
        return {
            "delivered": self.log.delivered,
            "seconds": round(self.sent_seconds, 2),
            "per_second": round(self.log.delivered / self.sent_seconds, 1),
            "median_ms": round(times[len(times) // 2], 1),
            "p99_ms": round(times[len(times) * 99 // 100], 1),
            "settled_after_seconds": round(self.settled_seconds, 2),
        }

    def as_json(self) -> dict[str, Any]:
        """Return the whole report, for programs."""
        return {
            "run": self.log.run,
            **asdict(self.options),
            **self.figures,
            "left_out": self.left_out,
            "answers": self.answers,
            "rules": [
                {
                    "rule": result.invariant,
                    "breaches": result.violations,
                    "examples": result.examples,
                }
                for result in self.results
            ],
            "is_clean": not self.broken,
        }
