"""Events to try the project on: such as Stripe has really sent, and always some of the fake's.

Recordings are no part of the project. `SUITE_RECORDINGS` names their folder; without it they are
looked for in `../shared/data/stripe` beside the project. In it are `sequences-*`, a file for each
list of events in true order, `events-*`, a file for each single event, and `objects-2026.json`, a
sample of each resource of the current API.
"""

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from webhooks.testing.fake_stripe import CURRENT, OLD, World, deliverable, random_story, truth

Json = dict[str, Any]

NOON: Final = 1_790_000_000
STEPS: Final = 60
SEED: Final = 65
"""Of a story with every kind of object that billing knows, and with many types of events."""

_BESIDE: Final = Path(settings.BASE_DIR).parent / "shared" / "data" / "stripe"
FOLDER: Final = Path(os.environ.get("SUITE_RECORDINGS") or _BESIDE)

OWN: Final = {"own/current": CURRENT, "own/old": OLD}
"""The versions in which the fake's story is told, by its names."""


def are_at_hand() -> bool:
    """True where there is anything that Stripe has really sent."""
    return (FOLDER / "objects-2026.json").exists()


def recorded_stories() -> dict[str, list[Json]]:
    """Return the recorded lists of events in true order, by their names."""
    files = sorted(FOLDER.glob("sequences-*/*.json"))
    return {f"{path.parent.name}/{path.stem}": json.loads(path.read_text()) for path in files}


def recorded_objects() -> dict[str, Json]:
    """Return a sample of each resource of the current API, by its name; none are the fake's."""
    if not are_at_hand():
        return {}
    resources: dict[str, Json] = json.loads((FOLDER / "objects-2026.json").read_text())["resources"]
    return resources


def stories() -> dict[str, list[Json]]:
    """Return the recorded stories and the fake's, told in both shapes."""
    world = _told()
    ours = {name: deliverable(world, api_version=version) for name, version in OWN.items()}
    return ours | recorded_stories()


def single_events() -> list[Json]:
    """Return the recorded single events, each with its own id, and the fake's of each type."""
    files = sorted(FOLDER.glob("events-*/*.json"))
    ours = {event["type"]: event for event in deliverable(_told())}
    return [
        *ours.values(),
        *(json.loads(path.read_text()) | {"id": f"evt_{path.stem}"} for path in files),
    ]


def objects() -> dict[str, Json]:
    """Return the samples of resources, and the fake's of those that it knows, by name."""
    ours = {kind: subject for (_, _, kind, _), subject in truth(_told()).items()}
    return ours | recorded_objects()


def missing() -> Iterator[str]:
    """Yield what to say where no recordings are at hand."""
    if not are_at_hand():
        yield (
            f"No recorded events of Stripe's are in {FOLDER}: what is tried on them was tried on "
            "the fake's alone. Set SUITE_RECORDINGS to a folder that has them."
        )


def _told() -> World:
    world = World(SEED, now=NOON)
    random_story(world, random.Random(SEED), STEPS)  # noqa: S311
    return world
