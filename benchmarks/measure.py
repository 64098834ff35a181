"""Measure a contender: prepare deliveries, send them, and verify that the work was done."""

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from benchmarks import tuning
from benchmarks.contenders import EMPTY, PGBENCH, Contender, Supply
from benchmarks.load import Answers, drive, request_files
from benchmarks.payloads import fresh_bodies, write_requests
from benchmarks.pgbench import run_pgbench, write_script
from benchmarks.stage import Stage

SETTLING_SECONDS = 0.5
"""Time for requests under way to commit, after the load stopped and before the rows are counted."""


@dataclass(slots=True)
class Bench:
    """Measures contenders on a stage, and keeps the rates and whatever was wrong with them."""

    stage: Stage
    rates: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    _guesses: dict[str, float] = field(default_factory=dict)

    def warm_up(self, contender: Contender) -> None:
        """Run a contender briefly, and keep its rate as a guess at how many deliveries it needs."""
        self._guesses[contender.name] = max(
            self._rate(contender, tuning.WARM_UP_SECONDS), tuning.FEWEST_PER_SECOND
        )

    def measure(self, contender: Contender) -> None:
        """Measure a round of a contender, and keep its rate."""
        rate = self._rate(contender, tuning.ROUND_SECONDS)
        self.rates.setdefault(contender.name, []).append(rate)

    def measure_pgbench(self, body_of: Contender) -> None:
        """Measure a round of pgbench, which records events like this contender's."""
        # Some real events first: the script takes a row of the endpoint's for its example.
        stage, host = self.stage, body_of.host
        stage.clear(host)
        self._send(body_of, _fresh(body_of, 100), seconds=1, again=False)
        script = stage.folder / "record.sql"
        body = write_script(stage.databases[host], script)
        stage.clear(host)
        count, rate = run_pgbench(stage.databases[host], script, body, tuning.ROUND_SECONDS)
        self.rates.setdefault(PGBENCH, []).append(rate)
        recorded = stage.count(host, body_of.proofs[0])
        if recorded != count:
            self.errors.append(f"{PGBENCH}: {count} transactions, but {recorded} rows")

    def _rate(self, contender: Contender, seconds: int) -> float:
        self.stage.clear(contender.host)
        bodies, again = self._supply(contender, seconds)
        before = self._work(contender)
        answers = self._send(contender, bodies, seconds=seconds, again=again)
        self._check(contender, answers)
        self._prove(contender, answers, before)
        return answers.per_second(contender.expected)

    def _supply(self, contender: Contender, seconds: int) -> tuple[Iterable[bytes], bool]:
        match contender.supply:
            case Supply.FORGED:
                return _fresh(contender, tuning.FORGED_DELIVERIES), True
            case Supply.HOT:
                # One copy per thread, as each reads a file of its own.
                return list(_fresh(contender, 1)) * tuning.LOAD_THREADS, True
            case Supply.REPEATED:
                bodies = list(_fresh(contender, tuning.REPEATED_EVENTS))
                self._send(contender, bodies, seconds=tuning.WARM_UP_SECONDS, again=False)
                return bodies, True
        guess = self._guesses.get(contender.name, tuning.FIRST_GUESS_PER_SECOND)
        # New events can't be sent twice, so enough must be prepared. The empty view does not care.
        again = contender is EMPTY
        count = tuning.FORGED_DELIVERIES if again else int(guess * seconds * tuning.HEADROOM)
        return _fresh(contender, count), again

    def _send(
        self, contender: Contender, bodies: Iterable[bytes], *, seconds: float, again: bool
    ) -> Answers:
        forged = contender.supply is Supply.FORGED
        secret = secrets.token_urlsafe() if forged else self.stage.secret
        name = self.stage.folder / "requests"
        write_requests(request_files(name), contender.path, bodies, secret)
        return drive(self.stage.ports[contender.host], name, seconds=seconds, again=again)

    def _check(self, contender: Contender, answers: Answers) -> None:
        wrong = {s: n for s, n in answers.statuses.items() if s not in contender.expected}
        if wrong or answers.broken or not answers.statuses:
            self.errors.append(f"{contender.name}: {wrong} answers, {answers.broken} broken")
        # Then the rate is that of the preparation and not the contender's.
        if answers.exhausted:
            self.errors.append(f"{contender.name}: the prepared deliveries ran out")

    def _work(self, contender: Contender) -> list[int]:
        return [self.stage.count(contender.host, proof) for proof in contender.proofs]

    def _prove(self, contender: Contender, answers: Answers, before: list[int]) -> None:
        time.sleep(SETTLING_SECONDS)
        due = contender.work_per_answer * answers.of(contender.expected)
        for proof, then, now in zip(contender.proofs, before, self._work(contender), strict=True):
            # Requests under way when the load stopped are finished, but not counted as answered.
            if not due <= now - then <= due + tuning.CONNECTIONS:
                self.errors.append(
                    f"{contender.name}: {due} expected, but {proof.strip()} gives {now - then}"
                )


def _fresh(contender: Contender, count: int) -> Iterable[bytes]:
    return fresh_bodies(contender.event_types, count)
