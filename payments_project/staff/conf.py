"""This app's setting, read where it is used, so that a test can override it."""

from enum import StrEnum

from django.conf import settings


class SecondFactor(StrEnum):
    """The second factor for staff: never, for those who have set one up, or for all."""

    OFF = "off"
    OPTIONAL = "optional"
    REQUIRED = "required"


def second_factor() -> SecondFactor:
    """Return when a second factor is asked for (`STAFF_SECOND_FACTOR`).

    Optional is for those who have set one up. Raises `ValueError` for what is none of the three.
    """
    return SecondFactor(getattr(settings, "STAFF_SECOND_FACTOR", SecondFactor.OPTIONAL))
