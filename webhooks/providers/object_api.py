"""The latest state of a provider's objects, asked for by an address and a key: as data."""

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any, Final
from urllib.parse import quote, urlsplit

from webhooks import conf, strict_json
from webhooks.exceptions import ProviderApiRefused, ProviderApiUnavailable
from webhooks.monitoring.provider_calls import calling
from webhooks.providers import https

LONGEST: Final = 1024 * 1024
LONGEST_REFUSAL: Final = 4 * 1024
TIMEOUT_SECONDS: Final = 4.0
"""An event waits for it, and is tried again."""

_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class FetchedObject:
    """An object's JSON as the provider has it, and when that was its state.

    That was at some time from `asked_from` to `at`, in seconds since 1970 by the provider's clock.
    """

    subject: Mapping[str, Any]
    asked_from: int
    at: int


def bearer(key: str) -> str:
    """Return the `Authorization` of a key that is a token."""
    return f"Bearer {key}"


def basic(key: str) -> str:
    """Return the `Authorization` of a key that is an id and a secret with a colon between."""
    return f"Basic {base64.b64encode(key.encode()).decode()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectApi:
    """Where a provider's objects are had, one by one.

    `live` is the address of its API; `<SLUG>_API_BASE` names another, as its sandbox's. `paths`
    have the path of an object by its type in billing, with `{}` for its id. `headers` are sent
    always. A key that begins as `sandbox_keys` says is not sent to `live`.

    An unknown id is told by 404, by a bad request that has one of the texts in `unknown`, or by
    nothing in the list that the answer has at `listed`.
    """

    live: str
    paths: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    authorization: Callable[[str], str] = bearer
    sandbox_keys: str = ""
    unknown: tuple[bytes, ...] = ()
    listed: str = ""

    def hindrance(self, provider: str) -> str:
        """Return what keeps objects from being had, with the setting; else empty."""
        endpoint = _endpoint_of(provider)
        if endpoint is None:
            named = next((one for one in conf.endpoints() if one.provider == provider), None)
            setting = named.variable("api_key") if named else f"{provider.upper()}_API_KEY"
            return f"{setting} is not set."
        return self.fault(endpoint)

    def fault(self, endpoint: conf.Endpoint) -> str:
        """Return why an endpoint's key can't be sent, with the setting; else empty.

        It tells nothing of the key.
        """
        base, key = self._base(endpoint), endpoint.api_key
        if not _is_safe(base):
            return f"{endpoint.variable('api_base')} is no https address."
        # No header can have it, and the error that says so would quote it.
        if not (key.isascii() and key.isprintable()):
            return f"{endpoint.variable('api_key')} has characters that no key has."
        if self.sandbox_keys and key.startswith(self.sandbox_keys) and base == self.live:
            return (
                f"{endpoint.variable('api_key')} is a key of the sandbox, and "
                f"{endpoint.variable('api_base')} does not name the sandbox's address."
            )
        return ""

    def fetch(self, provider: str, object_type: str, object_id: str) -> FetchedObject | None:
        """Return an object as it is now; None when the provider has none of this id.

        Never inside a transaction. Raises `ProviderApiUnavailable` or `ProviderApiRefused`.
        """
        endpoint = _endpoint_of(provider)
        if endpoint is None or object_id in (".", ".."):
            # As path segments these lead to the list above the object.
            return None
        url = self._base(endpoint) + self.paths[object_type].format(quote(object_id, safe=""))
        headers = {
            "Accept": "application/json",
            "User-Agent": "django-payment-webhooks",
            **self.headers,
            "Authorization": self.authorization(endpoint.api_key),
        }
        started = time.monotonic()
        operation = f"retrieve_{object_type.replace('.', '_')}"
        with calling(provider, operation, object_id) as call:
            answer = _ask(provider, url, headers)
            call.status = answer.status
        if answer.status == 404 or (
            answer.status == 400 and any(text in answer.content for text in self.unknown)
        ):
            return None
        _refuse(provider, answer.status, endpoint.variable("api_key"))
        found = _fetched(provider, answer, time.monotonic() - started)
        return None if self.listed and found.subject.get(self.listed) == [] else found

    def _base(self, endpoint: conf.Endpoint) -> str:
        return endpoint.options.get("api_base", "").rstrip("/") or self.live


def _endpoint_of(provider: str) -> conf.Endpoint | None:
    """Return the first of a provider's endpoints that has a key."""
    return next((one for one in conf.endpoints() if one.provider == provider and one.api_key), None)


def _is_safe(base: str) -> bool:
    try:
        parts = urlsplit(base)
        host, _ = parts.hostname, parts.port  # a port that is none raises only when it is asked for
    except ValueError:
        return False
    return bool(host) if parts.scheme == "https" else parts.scheme == "http" and host in _LOOPBACK


def _ask(provider: str, url: str, headers: Mapping[str, str]) -> https.Answer:
    try:
        return https.get(
            url,
            longest=LONGEST,
            timeout=TIMEOUT_SECONDS,
            headers=headers,
            of_refusals=LONGEST_REFUSAL,
        )
    except (OSError, HTTPException) as error:
        raise ProviderApiUnavailable(
            f"{provider} could not be asked: {type(error).__name__}."
        ) from error


def _refuse(provider: str, status: int, setting: str) -> None:
    if status in (401, 403):
        raise ProviderApiRefused(f"{provider} could not be asked: it refuses the key in {setting}.")
    if 400 <= status < 500 and status != 429:
        raise ProviderApiRefused(f"{provider} could not be asked: it answers {status}.")
    if status != 200:
        raise ProviderApiUnavailable(f"{provider} could not be asked: it answers {status}.")


def _fetched(provider: str, answer: https.Answer, took: float) -> FetchedObject:
    try:
        subject = strict_json.read(answer.content)
        date = answer.headers.get("date")
        # The provider's own clock where it says: the state is weighed against events it dated.
        at = parsedate_to_datetime(date).timestamp() if date else time.time()
    except ValueError as error:
        raise ProviderApiUnavailable(f"{provider}'s answer can't be read.") from error
    if not isinstance(subject, dict):
        raise ProviderApiUnavailable(f"{provider}'s answer is no object.")
    return FetchedObject(subject, asked_from=int(at - took), at=int(at))
