"""A whole session: every contender in turn, round after round, and a report."""

import os
import sys
from statistics import median

from benchmarks import tuning
from benchmarks.contenders import CONTENDERS, NEW
from benchmarks.deferred import END_TO_END, end_to_end, latency, workers
from benchmarks.measure import Bench
from benchmarks.report import RESULTS, render
from benchmarks.stage import setting_up


def run_session() -> int:
    """Measure everything, print and keep the report; return the exit status."""
    # Taken before anything starts: it tells readers if the machine had other work to do.
    load_before = os.getloadavg()[0]
    say("Starting PostgreSQL, Redis and the contenders …")
    with setting_up() as stage:
        bench = Bench(stage)
        for contender in CONTENDERS:
            say(f"Warming up: {contender.name}")
            bench.warm_up(contender)
        # A contender that fails its warm-up would cost a whole session of useless rounds.
        if bench.errors:
            say("\n".join(bench.errors))
            return 1
        for number in range(1, tuning.ROUNDS + 1):
            # In turn, and not each three times in a row: what else the machine does hits all alike.
            for contender in CONTENDERS:
                bench.measure(contender)
            bench.measure_pgbench(NEW)
            say(f"Round {number} of {tuning.ROUNDS} is done.")
        # Only now: idle workers would take some of the machine from the other contenders.
        say("Starting Celery workers …")
        with workers(stage):
            end_to_end(stage, tuning.WARM_UP_SECONDS)
            rounds = [end_to_end(stage, tuning.ROUND_SECONDS) for _ in range(tuning.ROUNDS)]
            bench.rates[END_TO_END] = rounds
            # At half the rate: at the full one, a queue grows and its length would be measured.
            delay = latency(stage, median(rounds) / 2, tuning.ROUND_SECONDS)
    report = render(bench.rates, delay, bench.errors, load_before=load_before)
    RESULTS.write_text(report)
    sys.stdout.write(report)
    return 1 if bench.errors else 0


def say(line: str) -> None:
    """Print progress to standard error; the report alone goes to standard output."""
    sys.stderr.write(f"{line}\n")
