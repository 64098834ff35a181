"""Who a delivery came from, as far as its connection and its headers tell."""

import re
from dataclasses import dataclass
from typing import Final

from webhooks.guards.admission import IncomingDelivery
from webhooks.models.senders import LONGEST_REQUEST_ID, LONGEST_USER_AGENT

_UNFIT: Final = re.compile(r"[^\x20-\x7e]+")


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of a delivery; all of it is empty for what was not delivered.

    `request_id` is what the proxy in front calls the request, from `X-Request-Id`: without a proxy
    that sets it, it is whatever the sender says.
    """

    client: str = ""
    user_agent: str = ""
    request_id: str = ""


NOBODY: Final = Sender()


def sender_of(delivery: IncomingDelivery) -> Sender:
    """Return the sender of a delivery, in so few characters that any row can hold it."""
    return Sender(
        delivery.client,
        printable(delivery.get("User-Agent", ""), LONGEST_USER_AGENT),
        printable(delivery.get("X-Request-Id", ""), LONGEST_REQUEST_ID),
    )


def printable(text: str, longest: int) -> str:
    """Return a stranger's text as it may be shown: printable ASCII on one line."""
    # Cut first: a header may be long, and its sender is not trusted.
    return _UNFIT.sub("?", text[: 2 * longest]).strip()[:longest]
