"""`python -m tests.fuzz --seconds 600`, or with the files of inputs to try once more."""

import argparse
import os
import random
import sys
from pathlib import Path

import atheris
import django

from tests.environment import pin

FOLDER = Path(".fuzz")
LARGEST = 12_288
SLOW_SECONDS = 10


def main() -> None:
    """Breed inputs until the time is over, or one is found that should not do what it does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("inputs", nargs="*", help="inputs to try once more, from .fuzz/found")
    asked = parser.parse_args()
    pin()
    os.environ["DJANGO_SETTINGS_MODULE"] = "payments_project.settings"
    with atheris.instrument_imports(include=["billing", "webhooks"]):
        django.setup()
        from tests.fuzz import breeding
        from tests.fuzz.target import feed

    def mutate(data: bytes, largest: int, seed: int) -> bytes:
        rng = random.Random(seed)  # noqa: S311
        spoilt = breeding.spoil(data, rng) if rng.random() < 0.7 else None
        if spoilt is None or len(spoilt) > largest:
            return bytes(atheris.Mutate(data, largest))
        return spoilt

    places = asked.inputs or [str(FOLDER / "corpus"), str(FOLDER / "seeds")]
    (FOLDER / "found").mkdir(parents=True, exist_ok=True)
    (FOLDER / "corpus").mkdir(exist_ok=True)
    breeding.plant(FOLDER / "seeds")
    words = "".join(f'"{word}"\n'.replace("\\", "\\\\") for word in breeding.WORDS)
    (FOLDER / "words").write_text(words)
    options = {
        "max_total_time": asked.seconds,
        "max_len": LARGEST,
        "timeout": SLOW_SECONDS,
        "rss_limit_mb": 2048,
        "artifact_prefix": f"{FOLDER / 'found'}/",
        "dict": FOLDER / "words",
        "print_final_stats": 1,
    }
    flags = [f"-{name}={value}" for name, value in options.items()]
    atheris.Setup([sys.argv[0], *flags, *places], feed, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
