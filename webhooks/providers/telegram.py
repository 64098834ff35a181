"""Telegram's payments: updates of a bot, proven by a token.

https://core.telegram.org/bots/api#setwebhook, https://core.telegram.org/bots/payments
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from webhooks.events import Event
from webhooks.exceptions import MalformedEvent
from webhooks.providers import vocabularies
from webhooks.providers.base import NO_OPTIONS, Headers, Provider, read_json, secret_id_of
from webhooks.providers.naming import moment_of, text_of
from webhooks.providers.proofs import Token

PRE_CHECKOUT: Final = "pre_checkout_query"
"""A payer has confirmed, and Telegram asks whether to take the money. It waits ten seconds."""

_TOKEN: Final = Token(header="X-Telegram-Bot-Api-Secret-Token")
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")
_PAYMENTS: Final = ("successful_payment", "refunded_payment")
_LONGEST_MESSAGE: Final = 200


class TelegramProvider(Provider):
    """A bot. Its token proves who sends, and nothing of what is sent, or when."""

    name = "telegram"
    signature_header = _TOKEN.header
    refuses_old = False
    answered = (PRE_CHECKOUT,)
    vocabulary = vocabularies.TELEGRAM

    def verify(
        self,
        body: bytes,
        headers: Headers,
        *,
        secrets: Sequence[str],
        now: datetime,
        options: Mapping[str, str] = NO_OPTIONS,
    ) -> list[Event]:
        proven = _TOKEN.prove(body, headers, secrets, options)
        update = read_json(body)
        number = update.get("update_id") if isinstance(update, dict) else None
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 2**63:
            raise MalformedEvent("An update must have an update_id.")
        kind, content = _content(update)
        payment = _member(content, kind.rpartition(".")[2])
        payer = _member(content, "from").get("id")
        return [
            Event(
                provider=self.name,
                # Each bot counts its own updates: of two bots, two are not one.
                id=f"{options.get('endpoint', self.name)}:{number}",
                type=kind,
                payload=update,
                created_at=moment_of(content.get("date")),
                livemode=True,
                object_type="charge" if payment else kind,
                object_id=text_of(payment.get("telegram_payment_charge_id") or content.get("id")),
                customer_id=text_of(payer),
                secret_id=secret_id_of(proven.secret),
            )
        ]

    def sign(
        self,
        body: bytes,
        *,
        secret: str,
        now: datetime,
        options: Mapping[str, str] = NO_OPTIONS,
    ) -> dict[str, str]:
        return _TOKEN.prove_by(body, secret=secret, options=options, now=now)

    def is_secret(self, secret: str) -> bool:
        return bool(_SECRET.fullmatch(secret))

    def answer(self, event: Event, *, declined: str | None) -> bytes:
        """Return the call of `answerPreCheckoutQuery` that stands in for our answer.

        https://core.telegram.org/bots/api#making-requests-when-getting-updates
        """
        content: dict[str, Any] = {
            "method": "answerPreCheckoutQuery",
            "pre_checkout_query_id": event.object_id,
            "ok": declined is None,
        }
        if declined is not None:
            content["error_message"] = declined[:_LONGEST_MESSAGE]
        return json.dumps(content).encode()


def _content(update: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the kind of an update, payments told apart from other messages, and what it holds."""
    for kind, content in update.items():
        if kind != "update_id" and isinstance(content, dict) and text_of(kind):
            paid = [name for name in _PAYMENTS if kind == "message" and _member(content, name)]
            return ".".join([kind, *paid[:1]]), content
    raise MalformedEvent("An update must hold an object.")


def _member(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = content.get(name)
    return found if isinstance(found, dict) else {}
