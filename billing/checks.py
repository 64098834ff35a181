"""System checks: what is malformed, named with its fix."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error

from billing import conf
from billing.conf import Fetching


def check_settings(**_: Any) -> list[CheckMessage]:
    """Return every problem found in this app's settings."""
    return list(_problems())


def _problems() -> Iterator[CheckMessage]:
    if conf.setting("BILLING_GRACE_DAYS") < 0:
        yield Error(
            f"BILLING_GRACE_DAYS is {conf.setting('BILLING_GRACE_DAYS')}: "
            "customers would lose what they have paid for.",
            hint="Set it to how many days customers who fall behind keep what they use; 0 is none.",
            id="billing.E001",
        )
    if conf.setting("STRIPE_FETCH") not in list(Fetching):
        yield Error(
            "STRIPE_FETCH is none of the words that it may be.",
            hint=f"Choose one of: {', '.join(Fetching)}.",
            id="billing.E002",
        )
    # 0 is no way to say never: every fetch would be refused as one too many, and tried again.
    if conf.setting("STRIPE_FETCH_PER_SECOND") <= 0:
        yield Error(
            f"STRIPE_FETCH_PER_SECOND is {conf.setting('STRIPE_FETCH_PER_SECOND')}: "
            "nothing could be fetched.",
            hint="Set it to a positive number, or STRIPE_FETCH to never.",
            id="billing.E003",
        )
