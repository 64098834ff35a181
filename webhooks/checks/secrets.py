"""System checks of secrets: those that prove nothing, and those that are in the wrong place.

No message tells a secret, or a part of one.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Caution
from django.db import Error as DatabaseError

from webhooks import conf
from webhooks.models import WebhookEvent

SHORT: Final = 24
"""Stripe's signing secrets have 38 characters; fewer than this can be guessed at leisure."""

LOOKED_AT: Final = 500
"""The number of the latest events in which live data is looked for."""

_PLACEHOLDER: Final = re.compile(
    r"(?:whsec_|sk_test_|sk_live_|rk_test_|rk_live_)?"
    r"(?:[.…*_-]*|x{3,}|<.*>|\[.*\]|\{.*\}|change.?me|replace.?me|todo|placeholder"
    r"|your.*(?:secret|key|here).*|none|null)",
    re.IGNORECASE,
)
_API_KEY: Final = re.compile(r"(?:sk|rk|pk)_(?:live|test)_")
_QUOTES: Final = ("'", '"', "`")


def check_secrets(**_: Any) -> list[CheckMessage]:
    """Return a problem for each secret that can't be what it should be."""
    return [*_check_endpoints(), *_check_repeats(), *_check_api_key()]


def check_strength(**_: Any) -> list[CheckMessage]:
    """Return a problem for each secret that is good for trials only (`check --deploy`)."""
    return [*_check_length(), *_check_mode(), *_check_base()]


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


def _check_endpoints() -> Iterator[CheckMessage]:
    # The provider knows its signing secrets: with ours among them, it could sign sessions as well.
    own = {settings.SECRET_KEY: "SECRET_KEY", conf.setting("AUDIT_KEY"): "AUDIT_KEY"}
    for endpoint in conf.endpoints():
        setting, fix = endpoint.secrets_setting, f"Set {endpoint.secrets_setting} to the secret "
        fix += "that the provider shows for this endpoint, for Stripe one that begins with whsec_."
        for secret in endpoint.secrets:
            # The first that fits, for each secret: the later ones would only repeat its message.
            if secret.startswith(_QUOTES) or secret.endswith(_QUOTES):
                yield Error(
                    f"A secret in {setting} stands in quotation marks, which would be part of it.",
                    hint="Take the quotation marks away.",
                    id="webhooks.E024",
                )
            elif _PLACEHOLDER.fullmatch(secret):
                yield Error(
                    f"{setting} holds a placeholder: whoever guesses it can forge deliveries.",
                    hint=fix,
                    id="webhooks.E020",
                )
            elif _API_KEY.match(secret):
                yield Error(
                    f"{setting} holds a key to Stripe's API, which signs no delivery.",
                    hint=fix,
                    id="webhooks.E021",
                )
            elif secret in own:
                yield Error(
                    f"A secret in {setting} is also the {own[secret]}: each needs its own.",
                    hint=fix,
                    id="webhooks.E023",
                )
            elif endpoint.provider == "stripe" and not secret.startswith("whsec_"):
                yield Caution(
                    f"A secret in {setting} doesn't begin with whsec_, as Stripe's do.",
                    hint=fix,
                    id="webhooks.W021",
                )


def _check_repeats() -> Iterator[CheckMessage]:
    # By setting: two endpoints that read the same one share its secrets on purpose.
    settings_read = {each.secrets_setting: each.secrets for each in conf.endpoints()}
    for setting, secrets in settings_read.items():
        if len(set(secrets)) < len(secrets):
            yield Caution(
                f"{setting} holds the same secret more than once.",
                hint="Name each secret once, the current one first.",
                id="webhooks.W022",
            )
    shared = Counter(secret for secrets in settings_read.values() for secret in set(secrets))
    if names := [
        setting
        for setting, secrets in settings_read.items()
        if any(shared[secret] > 1 for secret in secrets)
    ]:
        yield Caution(
            f"{' and '.join(names)} share a secret: "
            "what was signed for one endpoint would be taken at another.",
            hint="Give each endpoint the secret that the provider shows for it.",
            id="webhooks.W022",
        )


def _check_api_key() -> Iterator[CheckMessage]:
    key = conf.setting("STRIPE_API_KEY")
    fix = "Set STRIPE_API_KEY to a secret or restricted key (sk_… or rk_…), or take it away."
    if key.startswith(_QUOTES) or key.endswith(_QUOTES):
        yield Error(
            "STRIPE_API_KEY stands in quotation marks, which would be part of it.",
            hint="Take the quotation marks away.",
            id="webhooks.E024",
        )
    elif key.startswith(("whsec_", "pk_")):
        kind = "a signing secret" if key.startswith("whsec_") else "a publishable key"
        yield Error(
            f"STRIPE_API_KEY is {kind}, which Stripe's API does not take.",
            hint=fix,
            id="webhooks.E022",
        )
    elif key and _PLACEHOLDER.fullmatch(key):
        yield Error("STRIPE_API_KEY is a placeholder.", hint=fix, id="webhooks.E025")
    elif settings.DEBUG and "_live_" in key:
        yield Caution(
            "STRIPE_API_KEY is a key of live mode, and DEBUG is on: trials would move real money.",
            hint="In development, set STRIPE_API_KEY to a key of test mode.",
            id="webhooks.W025",
        )


def _check_length() -> Iterator[CheckMessage]:
    for endpoint in conf.endpoints():
        if any(len(secret) < SHORT for secret in endpoint.secrets):
            yield Caution(
                f"A secret in {endpoint.secrets_setting} has fewer than {SHORT} characters: "
                "it could be found out by trying.",
                hint=f"Set {endpoint.secrets_setting} to the secret that the provider made.",
                id="webhooks.W020",
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
    is_live = conf.setting("STRIPE_API_KEY").startswith(("sk_live_", "rk_live_"))
    if is_live and not conf.setting("STRIPE_API_BASE").lower().startswith("https://"):
        yield Caution(
            "STRIPE_API_KEY is a key of live mode, and STRIPE_API_BASE is not HTTPS: "
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
    return "_test_" in key
