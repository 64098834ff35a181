"""`python -m tests.mutants`: draw mutants of the spine, and name those that no test notices."""

import argparse
import os
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code

from tests.mutants.drawing import draw, package
from tests.mutants.layout import lay_out

NOTICED = {"killed", "timeout"}


def main() -> None:
    """Try the mutants that are asked for, in a folder beside the tree, which stays as it is."""
    parser = argparse.ArgumentParser(prog="tests.mutants", description=__doc__)
    parser.add_argument("--number", default="300", help="how many to draw, or `all`")
    parser.add_argument("--seed", type=int, default=1, help="which to draw")
    parser.add_argument("--of", default="", help="a file or a folder of the spine")
    asked = parser.parse_args()
    lay_out()
    drawn = draw(asked.number, asked.seed, asked.of)
    print(f"{len(drawn)} mutants of {asked.of or 'the spine'}, drawn with the seed {asked.seed}")  # noqa: T201
    _try(list(drawn))
    _report(drawn)


def _try(names: list[str]) -> None:
    environment = {**os.environ, "SUITE_DATABASE": "sqlite"}
    # Ours would be the tree itself, and so the code without mutants.
    environment.pop("PYTHONPATH", None)
    program = Path(sys.executable).with_name("mutmut")
    ended = subprocess.run([program, "run", "--max-children", "1", *names], env=environment)
    if ended.returncode:
        sys.exit(f"mutmut ended with status {ended.returncode}")


def _report(drawn: dict[str, Path]) -> None:
    """Print each mutant that was not noticed, and how many were, by package."""
    tried = {path: SourceFileMutationData(path=path) for path in set(drawn.values())}
    for data in tried.values():
        data.load()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for name, path in sorted(drawn.items()):
        outcome = status_by_exit_code[tried[path].exit_code_by_key[name]]
        counts[package(path)][outcome] += 1
        if outcome not in NOTICED:
            print(f"\n{outcome}: {name}\n{get_diff_for_mutant(name, path=path)}")  # noqa: T201
    for part, found in [*sorted(counts.items()), ("all", sum(counts.values(), Counter[str]()))]:
        score = 100 * sum(found[outcome] for outcome in NOTICED) / found.total()
        told = ", ".join(f"{number} {outcome}" for outcome, number in found.most_common())
        print(f"{part}: {score:.1f} % of {found.total()} noticed ({told})")  # noqa: T201


if __name__ == "__main__":
    main()
