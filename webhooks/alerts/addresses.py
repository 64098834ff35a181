"""The addresses that alerts are sent to, and sending: what is secret in them stays here.

Apprise tells in its own words what became of a message, and may quote an address in them. Nothing
of that is passed on but a status that a server answered with.
"""

import logging
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from django.utils.crypto import salted_hmac

from webhooks import conf

if TYPE_CHECKING:
    from apprise import NotifyBase

TIMEOUT_SECONDS: Final = 5.0
"""The longest wait for a connection, and for each answer."""

_STATUS: Final = re.compile(r"error[=:]\s*(\d{3})\b")

_NAME: Final = "apprise"
_apprise: Final = logging.getLogger(_NAME)
_apprise.propagate = False


class _Told(logging.Handler):
    """What Apprise said last in each thread: it sends in the thread that asks it to."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.by_thread = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        self.by_thread.text = record.getMessage()


_told: Final = _Told()
_apprise.addHandler(_told)


@dataclass(frozen=True, slots=True)
class Address:
    """An address by its place in `ALERT_URLS` and its scheme, which may be shown."""

    place: int
    url: str = field(repr=False)

    @property
    def name(self) -> str:
        """Return what it may be called: `2 (slack)`."""
        return f"{self.place} ({self.url.partition('://')[0].lower()[:32]})"

    @property
    def key(self) -> str:
        """Return a keyed hash, by which it is known wherever in the list it comes to stand."""
        return salted_hmac("webhooks.alerts.address", self.url, algorithm="sha256").hexdigest()[:16]


def addresses() -> list[Address]:
    """Return the addresses of `ALERT_URLS`."""
    return [Address(place, url) for place, url in enumerate(conf.alert_urls(), start=1)]


def is_usable(address: Address) -> bool:
    """True when Apprise knows the service, and has all that it needs. It asks nobody."""
    return _service(address) is not None


def send(address: Address, title: str, body: str, *, is_good: bool = False) -> str:
    """Send a message; return why it was not sent, in words that tell nothing secret, else nothing.

    A network call of some seconds at most: never call it in a transaction.
    """
    from apprise import NotifyFormat, NotifyType

    service = _service(address)
    if service is None:
        return "the address can't be used: see `manage.py check --deploy`"
    kind = NotifyType.SUCCESS if is_good else NotifyType.FAILURE
    _told.by_thread.text = ""
    try:
        is_sent = service.notify(
            title=title, body=body, notify_type=kind, body_format=NotifyFormat.TEXT
        )
    # Each service is a plugin of its own. What one raises may quote the address, so it is not told.
    except Exception as error:  # noqa: BLE001
        return f"sending failed: {type(error).__name__}"
    status = _STATUS.search(_told.by_thread.text)
    return "" if is_sent else f"it answered {status[1]}" if status else "it did not take it"


def _service(address: Address) -> "NotifyBase | None":
    # Not at the top: Apprise takes a second to find its services, and many processes tell nobody.
    from apprise import Apprise, AppriseAsset, NotifyFormat

    asset = AppriseAsset(app_id="Payments", async_mode=False)
    service = Apprise.instantiate(address.url, asset=asset, suppress_exceptions=True)
    if service is None:
        return None
    # Whatever the address says: the outbox tries again, and nobody may keep a sender waiting.
    service.socket_connect_timeout = service.socket_read_timeout = TIMEOUT_SECONDS
    service.retry = 0
    service.notify_format = NotifyFormat.TEXT
    return service
