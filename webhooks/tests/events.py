"""Events for tests that don't care what an event says."""

from typing import Any

from webhooks.testing import sample


def make_event(event_type: str = "test.happened", **changes: Any) -> dict[str, Any]:
    """Return an event that no handler of the project's is interested in; `changes` go to the event
    itself, and not to its object as with `sample`."""
    return sample(event_type) | changes
