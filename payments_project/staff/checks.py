"""The system checks of this app's setting."""

from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Caution

from payments_project.staff import conf


def check_settings(**_: Any) -> list[CheckMessage]:
    """Return an error where `STAFF_SECOND_FACTOR` is none of the words it may be."""
    try:
        conf.second_factor()
    except ValueError:
        return [
            Error(
                "STAFF_SECOND_FACTOR is none of the words that it may be.",
                hint=f"Choose one of: {', '.join(conf.SecondFactor)}.",
                # Numbered by the app that it was in at first: SILENCED_SYSTEM_CHECKS may name it.
                id="webhooks.E040",
            )
        ]
    return []


def check_second_factor(**_: Any) -> list[CheckMessage]:
    """Return a warning where staff may log in by a password alone (`check --deploy`)."""
    try:
        if conf.second_factor() is conf.SecondFactor.REQUIRED:
            return []
    except ValueError:
        return []  # `check_settings` tells
    return [
        Caution(
            f"STAFF_SECOND_FACTOR is {conf.second_factor()}: a password alone can be enough.",
            hint="Set STAFF_SECOND_FACTOR to required.",
            id="staff.W001",
        )
    ]
