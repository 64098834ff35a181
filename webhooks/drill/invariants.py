"""What must hold after a drill, whatever was sent: the answers against the tables."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from webhooks.drill.ledger import Ledger, digest
from webhooks.drill.shots import event_id, number_in
from webhooks.models import WebhookEvent

CHUNK = 500
EXAMPLES = 3


class Rule(StrEnum):
    """What must hold."""

    ANSWERED = "every delivery was answered as it had to be"
    NO_SERVER_ERROR = "no answer was a 5xx other than 503"
    NEW_ONCE = "no event was taken for new twice"
    RECORDED = "every accepted event is recorded, once"
    PROVEN = "nothing is recorded but what was accepted"
    UNALTERED = "every event is recorded as it was signed, byte for byte"
    SETTLED = "nothing is left pending"
    SUCCEEDED = "no event was given up"
    ONCE = "every handler took effect once per event"


@dataclass(slots=True)
class Finding:
    """How often a rule was broken, with some examples."""

    rule: Rule
    breaches: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: str, times: int = 1) -> None:
        """Put a breach down."""
        self.breaches += times
        if len(self.examples) < EXAMPLES:
            self.examples.append(example)


def examine(ledger: Ledger, first: int) -> list[Finding]:
    """Hold every rule against the answers and the rows from this primary key on."""
    findings = {rule: Finding(rule) for rule in Rule}
    for rule, answers in [
        (Rule.ANSWERED, ledger.unexpected),
        (Rule.NO_SERVER_ERROR, ledger.server_errors),
    ]:
        for answer, times in answers.items():
            findings[rule].add(f"{answer} ({times} times)", times)
    recorded = _examine_rows(ledger, first, findings)
    for number, told_new in enumerate(ledger.told_new):
        name = event_id(ledger.run, number)
        if told_new > 1:
            findings[Rule.NEW_ONCE].add(name)
        if ledger.is_accepted(number) and recorded[number] != 1:
            findings[Rule.RECORDED].add(name)
    return list(findings.values())


def _examine_rows(ledger: Ledger, first: int, findings: dict[Rule, Finding]) -> bytearray:
    """How many rows each of the drill's events has."""
    recorded = bytearray(len(ledger.digests))
    marker = ledger.run.encode()
    rows = WebhookEvent.objects.filter(pk__gte=first).prefetch_related("attempt_set")
    for row in rows.order_by("pk").iterator(chunk_size=CHUNK):
        if ledger.run not in row.event_id and marker not in bytes(row.body or b""):
            continue  # somebody else's
        number = number_in(row.event_id, ledger.run)
        if number is None or not (ledger.is_accepted(number) or number in ledger.in_doubt):
            findings[Rule.PROVEN].add(f"{row.event_id} ({row.type})")
            continue
        recorded[number] += 1
        for rule in _broken(row, ledger.digests[number]):
            findings[rule].add(f"{row.event_id} ({row.status})")
    return recorded


def _broken(row: WebhookEvent, signed: int) -> list[Rule]:
    tries = list(row.attempt_set.all())
    took_effect = Counter(
        handler["name"]
        for attempt in tries
        for handler in attempt.handlers
        if handler["outcome"] == "succeeded"
    )
    is_pending = row.status == WebhookEvent.Status.PENDING
    holds = {
        Rule.UNALTERED: digest(bytes(row.body or b"")) == signed,
        Rule.SETTLED: not is_pending,
        Rule.SUCCEEDED: row.status != WebhookEvent.Status.FAILED,
        Rule.ONCE: took_effect == Counter(set(row.succeeded)) and (bool(tries) or is_pending),
    }
    return [rule for rule, is_held in holds.items() if not is_held]
