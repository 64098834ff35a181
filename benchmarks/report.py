"""Render the report of a session in Markdown."""

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from benchmarks import tuning
from benchmarks.contenders import (
    BILLED,
    CONTENDERS,
    DJSTRIPE,
    DJSTRIPE_TUNED,
    EMPTY,
    FORGED,
    HOT,
    HOT_WITH_REDIS,
    NEW,
    NEW_DEFERRED,
    NEW_WITH_REDIS,
    PGBENCH,
    PLAIN,
    PLAIN_TUNED,
    REPEATED,
)
from benchmarks.deferred import END_TO_END, Latency
from benchmarks.load import find_wrk
from webhooks.testing.servers import postgresql_program

RESULTS = Path(__file__).with_name("RESULTS.md")


@dataclass(frozen=True, slots=True)
class Target:
    """A promise: one figure is at least so many times another."""

    name: str
    times: float
    reference: str


# Ratios only: absolute figures would say more about the machine than about the receiver.
TARGETS = (
    Target(NEW.name, 10, DJSTRIPE.name),
    Target(NEW.name, 10, DJSTRIPE_TUNED.name),
    Target(NEW.name, 2.5, PLAIN.name),
    Target(NEW.name, 2.5, PLAIN_TUNED.name),
    Target(NEW.name, 0.2, PGBENCH),
    Target(NEW.name, 0.2, EMPTY.name),
    Target(BILLED.name, 2.5, DJSTRIPE.name),
    Target(BILLED.name, 2.5, DJSTRIPE_TUNED.name),
    Target(FORGED.name, 0.6, EMPTY.name),
    Target(REPEATED.name, 1, NEW.name),
    Target(HOT.name, 1, NEW.name),
    Target(HOT_WITH_REDIS.name, 1.5, NEW_WITH_REDIS.name),
    Target(NEW_DEFERRED.name, 0.75, NEW.name),
    Target(END_TO_END, 3, DJSTRIPE.name),
    Target(END_TO_END, 3, DJSTRIPE_TUNED.name),
)

NAMES = (*(contender.name for contender in CONTENDERS), PGBENCH, END_TO_END)


def render(
    rates: Mapping[str, Sequence[float]],
    delay: Latency,
    errors: Sequence[str],
    *,
    load_before: float,
) -> str:
    """Return the report. `load_before` is the load average before the session."""
    # Medians, as one round that the machine disturbed must not count.
    figures = {name: median(rounds) for name, rounds in rates.items()}
    sections = [
        "# Measured side by side",
        _machine(load_before),
        _method(),
        "\n".join(_figures(figures, rates)),
        _delay(delay),
        "\n".join(_targets(figures)),
    ]
    if errors:
        sections.append("\n".join(["**Not as expected:**", "", *(f"- {e}" for e in errors)]))
    return "\n\n".join(sections) + "\n"


def is_met(target: Target, figures: Mapping[str, float]) -> bool:
    """True when these figures keep a promise."""
    return figures[target.name] >= target.times * figures[target.reference]


def _figures(figures: Mapping[str, float], rates: Mapping[str, Sequence[float]]) -> list[str]:
    references = {"dj-stripe": DJSTRIPE.name, "plain view": PLAIN.name}
    references |= {"pgbench": PGBENCH, "empty view": EMPTY.name}
    lines = [
        f"| what | per second | rounds | {' | '.join(f'÷ {short}' for short in references)} |",
        "|---|--:|---|" + "--:|" * len(references),
    ]
    for name in NAMES:
        rounds = ", ".join(f"{rate:,.0f}" for rate in rates[name])
        ratios = (f"{figures[name] / figures[other]:.2f}" for other in references.values())
        lines.append(f"| {name} | {figures[name]:,.0f} | {rounds} | {' | '.join(ratios)} |")
    return lines


def _delay(delay: Latency) -> str:
    return (
        f"At {delay.per_second:,.0f} events per second, half of what two Celery workers keep up "
        f"with, an event is processed {delay.median_ms:,.0f} ms after its acceptance "
        f"(median; p99 {delay.p99_ms:,.0f} ms)."
    )


def _targets(figures: Mapping[str, float]) -> list[str]:
    lines = ["| target | measured | |", "|---|--:|---|"]
    for target in TARGETS:
        ratio = figures[target.name] / figures[target.reference]
        verdict = "met" if is_met(target, figures) else "**missed**"
        promise = f"{target.name} ≥ {target.times:g} times {target.reference}"
        lines.append(f"| {promise} | {ratio:.2f} | {verdict} |")
    return lines


def _machine(load_before: float) -> str:
    wrk = _first_line([find_wrk(), "-v"]).split("Copyright")[0].strip()
    postgresql = _first_line([str(postgresql_program("postgres")), "--version"])
    packages = ", ".join(f"{name} {version(name)}" for name in ("Django", "granian", "psycopg"))
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({_processor()}), "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"{packages}, {postgresql}, {wrk}. "
        f"Load average before the session: {load_before:.2f}."
    )


def _method() -> str:
    return (
        f"Everything on this one machine, the database and the load too. Each application runs "
        f"under granian with {tuning.WORKERS} workers of {tuning.BLOCKING_THREADS} threads, "
        "the plain view and dj-stripe with Django's default handling of database connections "
        "and again with ours; PostgreSQL makes every commit durable "
        f"(`fsync`, `synchronous_commit`); wrk keeps "
        f"{tuning.CONNECTIONS} connections busy, pgbench {tuning.PGBENCH_CLIENTS} clients. "
        f"Signed events of {tuning.BODY_BYTES:,} bytes. The contenders take turns: "
        f"{tuning.ROUNDS} rounds of {tuning.ROUND_SECONDS} s each after a warm-up, from empty "
        "tables; the median counts. Only the expected answers are counted, and after every run "
        "of new events the rows in the database are compared with the answers."
    )


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _first_line(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return (done.stdout + done.stderr).splitlines()[0]
