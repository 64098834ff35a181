"""Objects that events only named: fetched, or somebody is told why not."""

from collections.abc import Iterable

from billing import conf
from billing.changes import Change
from billing.conf import Fetching
from billing.fetching.fetch import Subject, request
from billing.reach import hindrance, is_beside_live
from webhooks.events import Event, ObjectScope
from webhooks.exceptions import PermanentFailure


def request_fetch_of_named(event: Event, scope: ObjectScope, changes: Iterable[Change]) -> None:
    """Request that what an event named, and carried nothing of, is fetched where it is in doubt.

    For a handler that runs after the one that applies the event. Raises `Unprepared`, or
    `PermanentFailure`, which names the setting that is missing.
    """
    if event.preparations:
        return
    subjects = [Subject(scope, change.object_type, change.provider_id) for change in changes]
    in_doubt = [one for one in subjects if (row := one.row()) and row.in_doubt]
    if not in_doubt or is_beside_live(scope):
        return
    if why := _why_not(scope):
        names = ", ".join(f"{one.object_type} {one.provider_id}" for one in in_doubt)
        raise PermanentFailure(
            f"{why} A thin event carries nothing of its object: mend that setting, or have the "
            f"event destination send snapshots. In doubt until then: {names}."
        )
    request(event, in_doubt)


def _why_not(scope: ObjectScope) -> str:
    if conf.fetching() is Fetching.NEVER:
        return "STRIPE_FETCH is never."
    return hindrance(scope)
