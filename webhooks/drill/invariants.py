"""The invariants that must hold after a drill, checked by its answers and the tables."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from webhooks.drill.deliveries import event_id, number_of
from webhooks.drill.delivery_log import DeliveryLog, digest
from webhooks.models import WebhookEvent

# Rows are read with their bodies, of up to a megabyte each.
CHUNK = 500
EXAMPLES = 3


class Invariant(StrEnum):
    """A statement that must hold, as the report prints it."""

    ANSWERED = "every delivery was answered as it had to be"
    NO_SILENCE = "no delivery had to be sent again for want of an answer"
    NO_SERVER_ERROR = "no answer was a 5xx other than 503"
    NEW_ONCE = "no event was taken for new twice"
    RECORDED = "every accepted event is recorded, once"
    PROVEN = "nothing is recorded but what was accepted"
    UNALTERED = "every event is recorded as it was signed, byte for byte"
    SETTLED = "nothing is left pending"
    SUCCEEDED = "no event was given up"
    ONCE = "every handler took effect once per event"


@dataclass(slots=True)
class InvariantResult:
    """The number of times an invariant was violated, with some examples."""

    invariant: Invariant
    violations: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: str, times: int = 1) -> None:
        """Count a violation."""
        self.violations += times
        if len(self.examples) < EXAMPLES:
            self.examples.append(example)


def check_invariants(
    log: DeliveryLog, first: int, *, with_faults: bool = False
) -> list[InvariantResult]:
    """Check every invariant against the answers, and the rows from this primary key on.

    With faults, such as a server that is stopped meanwhile, there may be times without an answer.
    """
    results = {invariant: InvariantResult(invariant) for invariant in Invariant}
    for invariant, answers in [
        (Invariant.ANSWERED, log.unexpected),
        (Invariant.NO_SILENCE, log.unanswered),
        (Invariant.NO_SERVER_ERROR, log.server_errors),
    ]:
        for answer, times in answers.items():
            results[invariant].add(f"{answer} ({times} times)", times)
    recorded = _check_rows(log, first, results)
    for number, accepted_as_new in enumerate(log.accepted_as_new):
        name = event_id(log.run, number)
        if accepted_as_new > 1:
            results[Invariant.NEW_ONCE].add(name)
        if log.is_accepted(number) and recorded[number] != 1:
            results[Invariant.RECORDED].add(name)
    if with_faults:
        del results[Invariant.NO_SILENCE]
    return list(results.values())


def _check_rows(
    log: DeliveryLog, first: int, results: dict[Invariant, InvariantResult]
) -> bytearray:
    """Check the rows, and return how many each of the drill's events has."""
    recorded = bytearray(len(log.digests))
    marker = log.run.encode()
    rows = WebhookEvent.objects.filter(pk__gte=first).prefetch_related("attempt_set")
    for row in rows.order_by("pk").iterator(chunk_size=CHUNK):
        # The body is searched too: a malformed event that was taken has no id of the drill's.
        if log.run not in row.event_id and marker not in bytes(row.body or b""):
            continue  # somebody else's
        number = number_of(row.event_id, bytes(row.body or b""), log.run)
        if number is None or not (log.is_accepted(number) or number in log.maybe_recorded):
            results[Invariant.PROVEN].add(f"{row.event_id} ({row.type})")
            continue
        recorded[number] += 1
        for invariant in _violated(row, log.digests[number]):
            results[invariant].add(f"{row.event_id} ({row.status})")
    return recorded


def _violated(row: WebhookEvent, signed: int) -> list[Invariant]:
    attempts = list(row.attempt_set.all())
    took_effect = Counter(
        handler["name"]
        for attempt in attempts
        for handler in attempt.handlers
        if handler["outcome"] == "succeeded"
    )
    is_pending = row.status == WebhookEvent.Status.PENDING
    # Exactly once: each handler that counts as succeeded did so in one attempt, and in no second.
    holds = {
        Invariant.UNALTERED: digest(bytes(row.body or b"")) == signed,
        Invariant.SETTLED: not is_pending,
        Invariant.SUCCEEDED: row.status != WebhookEvent.Status.FAILED,
        Invariant.ONCE: took_effect == Counter(set(row.succeeded))
        and (bool(attempts) or is_pending),
    }
    return [invariant for invariant, is_held in holds.items() if not is_held]
