"""System checks of alerts: whom they reach, and when.

No message tells an address: it holds secrets.
"""

import math
from collections.abc import Iterator
from dataclasses import astuple, fields
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Caution

from webhooks import conf
from webhooks.alerts.addresses import Address, addresses, is_usable
from webhooks.monitoring.alert_rules import RULES

_TERMS: Final = ", ".join(field.name for field in fields(conf.AlertPolicy))


def check_alerts(**_: Any) -> list[CheckMessage]:
    """Return what would have alerts raised otherwise than meant, or lead nowhere."""
    return [*_check_terms(), *_check_form(), *_check_site()]


def check_alert_addresses(**_: Any) -> list[CheckMessage]:
    """Return a problem for each address that Apprise can't send to (`check --deploy`)."""
    # Not at each command: Apprise takes a second to find its services.
    return [_unusable(each) for each in addresses() if _has_scheme(each) and not is_usable(each)]


def _check_terms() -> Iterator[CheckMessage]:
    for name in conf.setting("WEBHOOK_ALERTS"):
        if name not in RULES:
            yield _terms(f"there is no rule {name!r}")
            continue
        # Made as evaluations make them: a term that there is not is a TypeError too.
        try:
            terms = conf.alert_terms(name, RULES[name].terms)
            if terms and not all(0 <= value < math.inf for value in astuple(terms)):
                yield _terms(f"{name} has a negative value, or one without end")
        except TypeError:
            yield _terms(f"{name} has terms that are no numbers, or that there are not")


def _terms(problem: str) -> Error:
    return Error(
        f"WEBHOOK_ALERTS: {problem}.",
        hint=f"By rule ({', '.join(RULES)}), set any of {_TERMS} to a number; or the rule to None.",
        id="webhooks.E032",
    )


def _check_form() -> Iterator[CheckMessage]:
    yield from (_unusable(each) for each in addresses() if not _has_scheme(each))


def _has_scheme(address: Address) -> bool:
    return "://" in address.url


def _unusable(address: Address) -> Error:
    # Without a scheme, what stands in its place may be the secret.
    name = address.name if _has_scheme(address) else str(address.place)
    return Error(
        f"Address {name} of ALERT_URLS can't be sent to: no service of Apprise's has such ones.",
        hint="Write it as https://appriseit.com/services/ shows, as mailtos:// or slack://, with "
        "what that service needs; characters such as @ and / in a password by their codes, %40 "
        "and %2F. `manage.py send_test_alert` tries it.",
        id="webhooks.E033",
    )


def _check_site() -> Iterator[CheckMessage]:
    url = conf.site_url()
    if url and not _is_site(url):
        yield Error(
            "SITE_URL is no address of a site.",
            hint="Set SITE_URL to how browsers reach the admin's host: https://payments.example.com",
            id="webhooks.E034",
        )
    elif not url and conf.alert_urls():
        yield Caution(
            "SITE_URL is not set, and ALLOWED_HOSTS begins with no name: messages about alerts "
            "can't say where to look.",
            hint="Set SITE_URL, such as https://payments.example.com.",
            id="webhooks.W032",
        )


def _is_site(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return is_whole and "@" not in parts.netloc and not parts.query and not parts.fragment
