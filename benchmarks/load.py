"""Run the load generator, wrk."""

import shutil
import subprocess
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import tuning

SCRIPT = Path(__file__).with_name("requests.lua")


class NoLoadGenerator(Exception):
    """wrk is not installed."""


@dataclass(slots=True)
class Answers:
    """The answers to a load: their number by status, and the seconds they took."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    broken: int = 0
    exhausted: bool = False

    def of(self, statuses: Collection[int]) -> int:
        """Return the number of answers with one of these statuses."""
        return sum(self.statuses[status] for status in statuses)

    def per_second(self, statuses: Collection[int]) -> float:
        """Return the answers per second with one of these statuses."""
        return self.of(statuses) / self.seconds


def find_wrk() -> str:
    """Return the path of wrk. Raises `NoLoadGenerator`."""
    found = shutil.which("wrk")
    if found is None:
        raise NoLoadGenerator("wrk is needed. On Debian and Ubuntu: apt install wrk")
    return found


def request_files(name: Path) -> list[Path]:
    """Return the files of requests, one for each thread of the load."""
    # Threads of wrk share no state, so each reads a file of its own.
    return [name.with_name(f"{name.name}.{number}") for number in range(tuning.LOAD_THREADS)]


def drive(port: int, requests: Path, *, seconds: float, again: bool) -> Answers:
    """Send the prepared requests; with `again`, from the start whenever they are at their end."""
    command = [find_wrk(), f"-t{tuning.LOAD_THREADS}", f"-c{tuning.CONNECTIONS}"]
    command += [f"-d{seconds}s", "-s", str(SCRIPT), f"http://127.0.0.1:{port}", "--"]
    command += [str(requests), "cycle" if again else "once"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    # wrk's own summary counts every answer alike; the script prints them by status.
    if done.returncode:
        raise RuntimeError(f"wrk failed: {done.stdout}{done.stderr}")
    return _parse(done.stdout)


def _parse(output: str) -> Answers:
    answers = Answers()
    for line in output.splitlines():
        match line.split("\t"):
            case ["status", status, count]:
                answers.statuses[int(status)] += int(count)
            case ["exhausted", flag]:
                answers.exhausted |= flag == "1"
            case ["broken", count]:
                answers.broken = int(count)
            case ["microseconds", duration]:
                answers.seconds = int(duration) / 1e6
    return answers
