"""Settings: what the system checks say, in one place with the rest."""

from collections.abc import Iterator

from django.conf import settings
from django.core import checks

from webhooks.doctor.findings import Examined, Finding, State
from webhooks.doctor.registry import examines
from webhooks.registration.events import unknown_patterns

GROUP = "Settings"


@examines(GROUP)
def examine_settings(_: Examined) -> Iterator[Finding]:
    """Yield what is missing or malformed in this app's settings, secrets among them."""
    yield from checked("webhooks")


@examines(GROUP)
def examine_handlers(_: Examined) -> Iterator[Finding]:
    """Yield the patterns of handlers that no event will ever match."""
    for pattern, handler in unknown_patterns():
        yield Finding(
            "handler_unmatched",
            State.ATTENTION,
            f"{handler} takes {pattern!r}, and Stripe's client knows no such type of event",
            "Correct the pattern in @on; if Stripe has that type by now, update its client.",
            subject=handler,
        )


def checked(*tags: str) -> Iterator[Finding]:
    """Yield what the system checks with these tags find; those for deployment outside of DEBUG."""
    found = checks.run_checks(tags=tags, include_deployment_checks=not settings.DEBUG)
    problems = [each for each in found if not each.is_silenced()]
    for each in problems:
        yield Finding(each.id or "", State.ATTENTION, str(each.msg), each.hint or "")
    if not problems:
        yield Finding("settings", State.OK, f"{', '.join(tags)}: as they should be")
