"""System checks: what is malformed, named with its fix."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error


def check_settings(**_: Any) -> list[CheckMessage]:
    """Every problem found in this app's settings."""
    return list(_problems())


def _problems() -> Iterator[CheckMessage]:
    if settings.BILLING_GRACE_DAYS < 0:
        yield Error(
            f"BILLING_GRACE_DAYS is {settings.BILLING_GRACE_DAYS}: "
            "customers would lose what they have paid for.",
            hint="Set it to how many days customers who fall behind keep what they use; 0 is none.",
            id="billing.E001",
        )
