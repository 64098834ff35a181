"""The endpoints and their other addresses, as the environment names them."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from django.core.exceptions import ImproperlyConfigured

from payments_project.reading import read_as
from payments_project.variables import Variable
from webhooks.conf import api_key_setting

_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?")
_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")

_OWN: Final = re.compile(
    r"/(?:webhooks|admin|static|api/(?:v1|schema|docs)|healthz|readyz|metrics)(?:/|\Z)"
)
"""The addresses that this project serves itself."""

_VARIABLES: Final = {
    "allowed_ips": "ALLOWED_IPS",
    "allowed_user_agents": "ALLOWED_USER_AGENTS",
    "public_key": "PUBLIC_KEY",
    "webhook_id": "WEBHOOK_ID",
    "notification_url": "NOTIFICATION_URL",
    "api_base": "API_BASE",
}
"""An endpoint's own variables besides its secrets: each begins with its slug."""


def read_endpoints(named: list[str]) -> dict[str, dict[str, str]]:
    """Return the setting `WEBHOOK_ENDPOINTS` for items like `slug` or `slug=provider`.

    Each endpoint's secrets are in `<SLUG>_WEBHOOK_SECRET`, and what else it has of its own in
    `<SLUG>_ALLOWED_IPS`, `<SLUG>_ALLOWED_USER_AGENTS`, `<SLUG>_PUBLIC_KEY`,
    `<SLUG>_WEBHOOK_ID`, `<SLUG>_NOTIFICATION_URL` and `<SLUG>_API_BASE`. Raises
    `ImproperlyConfigured` for what can't be read, and where two endpoints would share a variable or
    there is none.
    """
    found: dict[str, dict[str, str]] = {}
    prefixes: dict[str, str] = {}
    for slug, provider in _pairs("WEBHOOK_ENDPOINTS", named, "slug or slug=provider"):
        if not _SLUG.fullmatch(slug):
            raise ImproperlyConfigured(
                f"WEBHOOK_ENDPOINTS names {slug!r}. Write small letters, digits, - and _, at most "
                "64: it is the last part of the address."
            )
        prefix = slug.upper().replace("-", "_")
        if other := prefixes.get(prefix):
            raise ImproperlyConfigured(
                f"WEBHOOK_ENDPOINTS names {other!r} and {slug!r}, and both would have "
                f"{prefix}_WEBHOOK_SECRET. Rename one."
            )
        prefixes[prefix] = slug
        own = {key: read_as(Variable(f"{prefix}_{end}", "")) for key, end in _VARIABLES.items()}
        found[slug] = {
            "provider": provider or slug,
            "secrets_setting": f"{prefix}_WEBHOOK_SECRET",
            # As anywhere, empty is as if it were not set: it must not open what the project closes.
            **{key: text for key, text in own.items() if text.strip()},
        }
    if not found:
        raise ImproperlyConfigured("WEBHOOK_ENDPOINTS names none. Name one, or take it away.")
    return found


def read_secrets(endpoints: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return each endpoint's secrets, and the key to its provider's API, by their settings' names.

    Empty where none is set.
    """
    settings = {endpoint["secrets_setting"] for endpoint in endpoints.values()}
    names = settings | {api_key_setting(name) for name in settings}
    return {name: read_as(Variable(name, "", secret=True)) for name in sorted(names)}


def read_aliases(named: list[str], endpoints: Mapping[str, object]) -> dict[str, str]:
    """Return endpoints by the paths that lead to them besides their own, for items `/path=slug`.

    Raises `ImproperlyConfigured` for a path that can't be read or that the project serves itself,
    and for an endpoint that there isn't.
    """
    found: dict[str, str] = {}
    for path, slug in _pairs("WEBHOOK_ALIASES", named, "/path=slug"):
        path = path.rstrip("/")
        if not _PATH.fullmatch(path):
            raise ImproperlyConfigured(
                f"WEBHOOK_ALIASES has {path!r}. Write a path from the / on, without % and ?."
            )
        if _OWN.match(path):
            raise ImproperlyConfigured(
                f"WEBHOOK_ALIASES has {path}, which is an address of this project's own."
            )
        if slug not in endpoints:
            raise ImproperlyConfigured(
                f"WEBHOOK_ALIASES leads {path} to {slug!r}, which WEBHOOK_ENDPOINTS does not name: "
                f"it has {', '.join(endpoints)}."
            )
        if found.setdefault(path, slug) != slug:
            raise ImproperlyConfigured(f"WEBHOOK_ALIASES leads {path} to two endpoints.")
    return found


def _pairs(name: str, items: list[str], form: str) -> Iterator[tuple[str, str]]:
    keys = set[str]()
    for item in items:
        key, equals, value = (part.strip() for part in item.partition("="))
        if not key or (equals and not value) or "=" in value:
            # Without the item: a secret may have been put into the wrong place.
            raise ImproperlyConfigured(f"{name} has an item that is not {form}.")
        if name == "WEBHOOK_ENDPOINTS" and key in keys:
            raise ImproperlyConfigured(f"{name} names {key!r} twice.")
        keys.add(key)
        yield key, value
