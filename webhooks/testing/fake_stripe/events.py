"""Views of a world: its events in any shape, and its objects as they are now."""

from webhooks.testing.fake_stripe.records import API_VERSION, OLD_API_VERSION
from webhooks.testing.fake_stripe.shapes import Json, copied
from webhooks.testing.fake_stripe.world import Key, World

CURRENT = API_VERSION
OLD = OLD_API_VERSION


def deliverable(world: World, *, api_version: str = CURRENT, since: int = 0) -> list[Json]:
    """Return the events in true order, as an endpoint of this version gets them.

    `since` skips so many.
    """
    # Under the lock, or a change in progress would be seen with half of its events.
    with world.lock:
        return [recorded.rendered(api_version) for recorded in world.events[since:]]


def truth(world: World, *, account: str | None = None) -> dict[Key, Json]:
    """Return every object as it is now, or an account's, by (account or "", livemode, type, id).

    Deleted ones as they were at last, with `"deleted": True`.
    """
    with world.lock:
        return {
            key: copied(subject) | ({"deleted": True} if key in world.deleted else {})
            for key, subject in world.objects.items()
            if account in (None, key[0])
        }
