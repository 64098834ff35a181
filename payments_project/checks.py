"""System checks for deployment of what this project adds to Django's: `check --deploy`, and start.

They are not asked of an app that is adopted elsewhere, whose project has its own mind.
"""

from collections.abc import Iterator
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Caution

from webhooks.checks.strength import LEAST_OF_A_KEY, weakness

_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1", "[::1]")


def check_deployment(**_: Any) -> list[CheckMessage]:
    """Return a problem for each setting that opens to strangers what should be closed."""
    found = [*_check_debug(), *_check_secret_key(), *_check_hosts(), *_check_metrics()]
    return [*found, *_check_proxy()]


def _check_debug() -> Iterator[CheckMessage]:
    public = [host for host in settings.ALLOWED_HOSTS if not _is_loopback(host)]
    if settings.DEBUG and public:
        yield Error(
            f"DEBUG is on, and ALLOWED_HOSTS has {', '.join(public)}: error pages would show "
            "settings and source code to strangers.",
            hint="Set DEBUG to false; in development, leave ALLOWED_HOSTS out.",
            id="payments_project.E001",
        )
    # Whatever the proxy calls this server, those whom it lets in are strangers.
    if settings.DEBUG and settings.TRUSTED_PROXY_COUNT:
        yield Error(
            f"DEBUG is on, and TRUSTED_PROXY_COUNT is {settings.TRUSTED_PROXY_COUNT}: error pages "
            "would show settings and source code to strangers, who come through a proxy.",
            hint="Set DEBUG to false; in development, leave TRUSTED_PROXY_COUNT out.",
            id="payments_project.E003",
        )


def _check_secret_key() -> Iterator[CheckMessage]:
    for name, keys in [
        ("SECRET_KEY", [settings.SECRET_KEY]),
        ("SECRET_KEY_FALLBACKS", settings.SECRET_KEY_FALLBACKS),
    ]:
        # In development a short one will do: who reaches it has the machine anyway.
        if not settings.DEBUG and any(weakness(key, least=LEAST_OF_A_KEY) for key in keys):
            yield Error(
                f"{name} can be guessed: whoever does can forge sessions. It has fewer than "
                f"{LEAST_OF_A_KEY} characters or few different ones, repeats itself, is a "
                "placeholder, or stands in quotation marks or white space.",
                hint=f"Set {name} to a secret of its own: "
                "python -c 'import secrets; print(secrets.token_urlsafe(50))'",
                id="payments_project.E002",
            )


def _check_hosts() -> Iterator[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS:
        yield Caution(
            "ALLOWED_HOSTS has *: links in pages lead wherever a forged Host says.",
            hint="Set ALLOWED_HOSTS to the names that this server goes by.",
            id="payments_project.W001",
        )


def _check_metrics() -> Iterator[CheckMessage]:
    if not settings.METRICS_TOKEN:
        yield Caution(
            "METRICS_TOKEN is not set: anybody may read /metrics.",
            hint="Set METRICS_TOKEN to a secret, and have Prometheus send it; where a proxy keeps "
            "strangers away, add payments_project.W002 to SILENCED_SYSTEM_CHECKS.",
            id="payments_project.W002",
        )


def _check_proxy() -> Iterator[CheckMessage]:
    if not settings.TRUSTED_PROXY_COUNT:
        yield Caution(
            "TRUSTED_PROXY_COUNT is 0: without a proxy in front that takes bodies in, each sender "
            "who stalls keeps one of the server's few threads waiting.",
            hint="Put one in front, as docs/operations.md shows, and set TRUSTED_PROXY_COUNT to 1; "
            "if your server bounds the time of a body, add payments_project.W003 to "
            "SILENCED_SYSTEM_CHECKS.",
            id="payments_project.W003",
        )


def _is_loopback(host: str) -> bool:
    return host in _LOOPBACK or host.endswith(".localhost")
