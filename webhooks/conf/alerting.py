"""Settings of alerts: when they are raised, whom they are told, and where they lead."""

import re
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from django.conf import settings

from webhooks.conf.defaults import setting

# A comma may be a part of an address: it ends one only where another begins.
_BETWEEN: Final = re.compile(r"\s*,\s*(?=[a-zA-Z][\w+.-]*://)")

_TOKEN: Final = re.compile(r"(?=.*[0-9A-Z]).{8,}")
"""What may be a secret in a path or a query; words of small letters are in every line of a log."""


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """The terms of a rule. `threshold` is in the rule's own unit, the others are in seconds.

    An alert is resolved when its condition has not been seen for `cool_down`, so that one which
    comes and goes is told once. While it is open, and nobody has acknowledged or muted it, it is
    told again every `remind`; 0 is never.
    """

    threshold: float
    cool_down: float
    remind: float = 24 * 3600.0


def alert_terms(rule: str, default: AlertPolicy) -> AlertPolicy | None:
    """Return the terms of a rule (`WEBHOOK_ALERTS`); None for a rule that is switched off.

    Raises `TypeError` for terms that there are not.
    """
    terms: dict[str, Any] | None = setting("WEBHOOK_ALERTS").get(rule, {})
    return None if terms is None else replace(default, **terms)


def alert_urls() -> list[str]:
    """Return the addresses that alerts are sent to (`ALERT_URLS`); each holds secrets."""
    text = setting("ALERT_URLS").strip()
    return _BETWEEN.split(text) if text else []


def site_url() -> str:
    """Return the address of this site (`SITE_URL`), without a slash at its end.

    Where it is not set, that of the first of `ALLOWED_HOSTS`; empty where that is no name.
    """
    if url := setting("SITE_URL"):
        return str(url).rstrip("/")
    host = next(iter(settings.ALLOWED_HOSTS), "")
    return f"https://{host}" if host and not host.startswith((".", "*")) else ""


def secrets_in(url: str) -> set[str]:
    """Return an address, and each part of it that may be a secret by itself."""
    try:
        parts = urlsplit(url)
        user, password, host = parts.username, parts.password, parts.hostname
    except ValueError:
        return {url}
    # Tokens stand where a host would, too: slack://TokenA/TokenB/TokenC.
    host_part = parts.netloc.rpartition("@")[2] if host and "." not in host else ""
    pieces = re.split(r"[/&=,;:]", f"{host_part}/{parts.path}&{parts.query}")
    found = {unquote(piece) for piece in pieces if _TOKEN.fullmatch(piece)}
    # The user of a mailbox is named in its errors; a token in its place is one by its form.
    known = {url, unquote(password or "")}
    return known | found | ({unquote(user)} if user and _TOKEN.fullmatch(user) else set())
