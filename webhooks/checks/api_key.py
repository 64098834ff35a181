"""System checks of the key to Stripe's API: that it is one, for the right data, and kept to HTTPS.

No message tells the key, or a part of it.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Caution
from django.db import Error as DatabaseError

from webhooks import conf
from webhooks.checks.strength import Weakness, weakness
from webhooks.models import WebhookEvent

LOOKED_AT: Final = 500
"""The number of the latest events in which live data is looked for."""

_TEST_KEY: Final = re.compile(r"[sr]k_(?:org_)?test_")


def check_api_key(**_: Any) -> list[CheckMessage]:
    """Return a problem for a key that can't be what it should be."""
    return [*_check_form()]


def check_use(**_: Any) -> list[CheckMessage]:
    """Return a problem for a key that is good for trials only (`check --deploy`)."""
    return [*_check_mode(), *_check_base()]


def check_data(**options: Any) -> list[CheckMessage]:
    """Return a problem for a key that doesn't fit the data, where a check may ask the database."""
    return [*_check_live_data()] if options.get("databases") else []


def has_test_key_with_live_data() -> bool:
    """True when live events come in, and `STRIPE_API_KEY` is a test key that can't see them."""
    if not _is_test(conf.setting("STRIPE_API_KEY")):
        return False
    # By the primary key and bounded: the check must stay quick on a table of millions.
    latest = WebhookEvent.objects.order_by("-id").values_list("provider", "livemode")[:LOOKED_AT]
    return ("stripe", True) in set(latest)


def _check_form() -> Iterator[CheckMessage]:
    key = conf.setting("STRIPE_API_KEY")
    fix = "Set STRIPE_API_KEY to a secret or restricted key (sk_… or rk_…), or take it away."
    weak = weakness(key, least=0) if key else None
    if weak is Weakness.QUOTED:
        yield Error(
            f"STRIPE_API_KEY {weak}, which would be part of it.",
            hint="Take away what does not belong to it.",
            id="webhooks.E024",
        )
    elif key.startswith(("whsec_", "pk_")):
        kind = "a signing secret" if key.startswith("whsec_") else "a publishable key"
        yield Error(
            f"STRIPE_API_KEY is {kind}, which Stripe's API does not take.",
            hint=fix,
            id="webhooks.E022",
        )
    elif weak is Weakness.PLACEHOLDER:
        yield Error("STRIPE_API_KEY is a placeholder.", hint=fix, id="webhooks.E025")
    elif settings.DEBUG and "_live_" in key:
        yield Caution(
            "STRIPE_API_KEY is a key of live mode, and DEBUG is on: trials would move real money.",
            hint="In development, set STRIPE_API_KEY to a key of test mode.",
            id="webhooks.W025",
        )


def _check_mode() -> Iterator[CheckMessage]:
    # In development a key of test mode is the right one.
    if _is_test(conf.setting("STRIPE_API_KEY")) and not settings.DEBUG:
        yield Caution(
            "STRIPE_API_KEY is a key of test mode: it sees no live objects.",
            hint="Set STRIPE_API_KEY to a key of live mode; on a system for trials, add "
            "webhooks.W023 to SILENCED_SYSTEM_CHECKS.",
            id="webhooks.W023",
        )


def _check_base() -> Iterator[CheckMessage]:
    key = conf.setting("STRIPE_API_KEY")
    # Whatever is no key of test mode: kinds of keys that are not known here may be live.
    if (
        key
        and not _is_test(key)
        and not conf.setting("STRIPE_API_BASE").lower().startswith("https://")
    ):
        yield Caution(
            "STRIPE_API_KEY is no key of test mode, and STRIPE_API_BASE is not HTTPS: "
            "the key would be sent in clear.",
            hint="Leave STRIPE_API_BASE out; for trials, set STRIPE_API_KEY to a key of test mode.",
            id="webhooks.W027",
        )


def _check_live_data() -> Iterator[CheckMessage]:
    try:
        found = has_test_key_with_live_data()
    except DatabaseError:
        return  # not migrated yet, or away: other checks tell
    if found:
        yield Caution(
            "STRIPE_API_KEY is a key of test mode, and live events come in: "
            "nothing that they are about can be fetched.",
            hint="Set STRIPE_API_KEY to a key of live mode, or send live events elsewhere.",
            id="webhooks.W024",
        )


def _is_test(key: str) -> bool:
    return bool(_TEST_KEY.match(key))
