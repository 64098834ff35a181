"""`python -m tests.mutants`: draw mutants of the spine, and name those that no test notices."""

import argparse
import os
import subprocess
import sys
from collections import Counter, defaultdict
from contextlib import ExitStack
from pathlib import Path

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code

from tests.mutants.drawing import draw, package
from tests.mutants.layout import lay_out
from webhooks.testing import servers

NOTICED = {"killed", "timeout"}
DATABASES = ("sqlite", "postgresql")
"""What no test notices on the first is tried on the second, which has Redis as well."""


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
    left = outcomes = dict.fromkeys(drawn, "no tests")
    for database in DATABASES:
        if left:
            _try(list(left), database)
            told = {name: _outcome(name, drawn[name]) for name in left}
            # What survived on the first has tests, whatever the second has.
            outcomes |= {name: one for name, one in told.items() if one != "no tests"}
            left = {name: one for name, one in outcomes.items() if one not in NOTICED}
    for name in sorted(left):
        print(f"\n{left[name]}: {name}\n{get_diff_for_mutant(name, path=drawn[name])}")  # noqa: T201
    _tell_scores({name: (package(path), outcomes[name]) for name, path in drawn.items()})


def _try(names: list[str], database: str) -> None:
    # Which tests run which function is asked anew: some run on one database alone.
    Path("mutants/mutmut-stats.json").unlink(missing_ok=True)
    environment = {**os.environ, "SUITE_DATABASE": database}
    # Ours would be the tree itself, and so the code without mutants.
    environment.pop("PYTHONPATH", None)
    command = [str(Path(sys.executable).with_name("mutmut")), "run", "--max-children", "1", *names]
    with ExitStack() as stack:
        if database == "postgresql":
            server = servers.postgresql(durable=False)
            environment["TEST_DATABASE_URL"] = stack.enter_context(server)
            environment["TEST_REDIS_URL"] = stack.enter_context(servers.redis())
        ended = subprocess.run(command, env=environment)
    if ended.returncode:
        sys.exit(f"mutmut ended with status {ended.returncode}")


def _outcome(name: str, path: Path) -> str:
    data = SourceFileMutationData(path=path)
    data.load()
    told: str = status_by_exit_code[data.exit_code_by_key[name]]
    return told


def _tell_scores(outcomes: dict[str, tuple[str, str]]) -> None:
    by_package: dict[str, Counter[str]] = defaultdict(Counter)
    for part, outcome in sorted(outcomes.values()):
        by_package[part][outcome] += 1
        by_package["together"][outcome] += 1
    for part, found in by_package.items():
        score = 100 * sum(found[outcome] for outcome in NOTICED) / found.total()
        told = ", ".join(f"{number} {outcome}" for outcome, number in found.most_common())
        print(f"{part}: {score:.1f} % of {found.total()} noticed ({told})")  # noqa: T201


if __name__ == "__main__":
    main()
