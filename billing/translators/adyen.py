"""Translates Adyen's notifications of payments, refunds and disputes to changes.

https://docs.adyen.com/development-resources/webhooks/webhook-types/. A notification tells that
something happened, and of no object what it is like: each has a few facts of a charge, a refund or
a dispute. Only its references, amount, code and success are signed. The date, which tells what came
later, and the `additionalData`, of which the shopper, the card and a dispute's state are read, are
not: see docs/providers.md.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from billing.changes import (
    Change,
    ChargeChange,
    CustomerChange,
    DisputeChange,
    Integer,
    RefundChange,
    Text,
)
from billing.currencies import exponent
from billing.order_rules import OrderRules, lifecycle
from billing.statuses import ChargeStatus, DisputeStatus, RefundStatus
from billing.translators.base import Translator
from billing.translators.fields import (
    BIGGEST,
    LONGEST,
    Node,
    currency,
    identity,
    integer,
    known,
    named,
    prose,
    text,
    word,
)
from billing.translators.moments import instant
from webhooks.events import Event
from webhooks.exceptions import PermanentFailure

_DECIMALS: Final = {"clp": 2, "cve": 0, "idr": 0, "isk": 2}
"""The currencies that Adyen counts in other units than most:
https://docs.adyen.com/development-resources/currency-codes/"""

_STATES: Final = {
    # What Adyen says of the dispute itself, in `additionalData`; else the notification's code.
    **dict.fromkeys(("undefended", "unresponded"), DisputeStatus.NEEDS_RESPONSE),
    **dict.fromkeys(("pending", "responded"), DisputeStatus.UNDER_REVIEW),
    **dict.fromkeys(("lost", "accepted", "expired"), DisputeStatus.LOST),
    "won": DisputeStatus.WON,
}
_DISPUTES: Final = {
    "request_for_information": DisputeStatus.WARNING_NEEDS_RESPONSE,
    "notification_of_chargeback": DisputeStatus.NEEDS_RESPONSE,
    "information_supplied": DisputeStatus.UNDER_REVIEW,
    # The money is gone, until it is said that it is back.
    "chargeback": DisputeStatus.LOST,
    "chargeback_reversed": DisputeStatus.WON,
    "second_chargeback": DisputeStatus.LOST,
    "prearbitration_won": DisputeStatus.WON,
    "prearbitration_lost": DisputeStatus.LOST,
    "dispute_defense_period_ended": DisputeStatus.LOST,
}


def translate(event: Event) -> list[Change]:
    """Return the changes that a notification tells of.

    Raises `PermanentFailure` for what is not of Adyen's shape or cannot be stored.
    """
    source = Node(event.payload)["NotificationRequestItem"]
    code = known(word(source["eventCode"], {}), "")
    return list(_TRANSLATORS.get(code, _dispute)(source, code))


def _authorised(source: Node, _: str) -> Iterator[Change]:
    more, customer_id = source["additionalData"], _shopper(source)
    is_paid = _has_succeeded(source)
    yield ChargeChange(
        provider_id=identity(source["pspReference"]),
        sums_refunds=True,
        created_at=instant(source["eventDate"]),
        customer_id=customer_id,
        metadata={"merchant_reference": known(prose(source["merchantReference"]), "")},
        status=ChargeStatus.SUCCEEDED if is_paid else ChargeStatus.FAILED,
        currency=_currency(source),
        amount=_amount(source),
        paid=is_paid,
        failure_message="" if is_paid else prose(source["reason"]),
        card_brand=word(source["paymentMethod"], {}),
        card_last4=text(more["cardSummary"]),
    )
    if name := known(customer_id, ""):
        yield CustomerChange(
            provider_id=name,
            email=text(more["shopperEmail"], limit=512),
            name=text(more["shopperName"], limit=LONGEST),
        )


def _adjusted(source: Node, _: str) -> Iterator[Change]:
    if _has_succeeded(source):
        yield ChargeChange(
            provider_id=_original(source), currency=_currency(source), amount=_amount(source)
        )


def _captured(source: Node, _: str) -> Iterator[Change]:
    # Of several captures each tells its own amount, and none the sum.
    if _has_succeeded(source):
        yield ChargeChange(provider_id=_original(source), complete=False, captured=True)


def _not_captured(source: Node, code: str) -> Iterator[Change]:
    yield ChargeChange(
        provider_id=_original(source),
        status=ChargeStatus.FAILED,
        paid=False,
        failure_code=code,
        failure_message=prose(source["reason"]),
    )


def _cancelled(source: Node, code: str) -> Iterator[Change]:
    if _has_succeeded(source):
        yield from _not_captured(source, code)


def _refunded(source: Node, code: str) -> Iterator[Change]:
    is_back = _has_succeeded(source) and code in ("refund", "cancel_or_refund", "refund_with_data")
    yield RefundChange(
        provider_id=identity(source["pspReference"]),
        charge_id=named(source["originalReference"]),
        status=RefundStatus.SUCCEEDED if is_back else RefundStatus.FAILED,
        currency=_currency(source),
        amount=_amount(source),
        failure_reason="" if is_back else code,
    )
    if charge_id := known(named(source["originalReference"]), ""):
        yield ChargeChange(provider_id=charge_id, complete=False, sums_refunds=True)


def _cancelled_or_refunded(source: Node, code: str) -> Iterator[Change]:
    # Which of the two it became is told apart from what is signed.
    action = word(source["additionalData"]["modification.action"], {})
    if action == "refund":
        yield from _refunded(source, code)
    elif action == "cancel":
        yield from _cancelled(source, code)
    else:
        yield ChargeChange(
            provider_id=_original(source),
            complete=False,
            casts_doubt=identity(source["pspReference"]),
        )


def _dispute(source: Node, code: str) -> Iterator[Change]:
    more, charge_id = source["additionalData"], known(named(source["originalReference"]), "")
    # What is asked for and not given changes nothing.
    if not _has_succeeded(source):
        return
    yield DisputeChange(
        provider_id=identity(source["pspReference"]),
        charge_id=charge_id,
        status=known(word(more["disputeStatus"], _STATES), "") or _DISPUTES.get(code, code),
        currency=_currency(source),
        amount=_amount(source),
        reason=text(more["chargebackReasonCode"]),
        evidence_due_at=instant(more["defensePeriodEndsAt"]),
    )
    if charge_id and code not in ("request_for_information", "information_supplied"):
        yield ChargeChange(provider_id=charge_id, complete=False, disputed=True)


def _has_succeeded(source: Node) -> bool:
    # It comes as a text, and from some of Adyen's platforms as it is.
    return source["success"].value in (True, "true")


def _original(source: Node) -> str:
    return identity(source["originalReference"])


def _shopper(source: Node) -> Text:
    return named(source["additionalData"]["shopperReference"])


def _currency(source: Node) -> Text:
    return currency(source["amount"]["currency"])


def _amount(source: Node) -> Integer:
    """Return an amount in the units that the currency has here."""
    code, amount = known(_currency(source), ""), integer(source["amount"]["value"])
    if not isinstance(amount, int):
        return amount
    theirs, ours = _DECIMALS.get(code, exponent(code)), exponent(code)
    whole, rest = divmod(amount * int(10**ours), int(10**theirs))
    if rest or abs(whole) > BIGGEST:
        raise PermanentFailure(f"{source.path}.amount.value: expected units of the currency")
    return whole


_TRANSLATORS: Final[Mapping[str, Callable[[Node, str], Iterator[Change]]]] = {
    "authorisation": _authorised,
    "authorisation_adjustment": _adjusted,
    "capture": _captured,
    "capture_failed": _not_captured,
    "cancellation": _cancelled,
    "technical_cancel": _cancelled,
    "expire": _cancelled,
    "cancel_or_refund": _cancelled_or_refunded,
    "refund": _refunded,
    "refund_with_data": _refunded,
    "refund_failed": _refunded,
    "refunded_reversed": _refunded,
}

TRANSLATOR: Final = Translator(
    provider="adyen",
    event_types=tuple(code.upper() for code in (*_TRANSLATORS, *_DISPUTES)),
    translate=translate,
    order={
        # A capture can fail days after the authorisation, and nothing follows that.
        "charge": OrderRules(
            lifecycle=lifecycle(
                [{ChargeStatus.PENDING}], [{ChargeStatus.SUCCEEDED}], [{ChargeStatus.FAILED}]
            ),
            monotonic=("captured", "disputed"),
            # Only the authorisation tells it: what else is heard of a charge is not all of it.
            required=("amount",),
        ),
        # Won, lost again in a second round, and won before an arbiter: its dates tell. Within one
        # second this is the usual order.
        "dispute": OrderRules(
            lifecycle=lifecycle(
                [
                    {DisputeStatus.WARNING_NEEDS_RESPONSE},
                    {DisputeStatus.NEEDS_RESPONSE},
                    {DisputeStatus.UNDER_REVIEW},
                    {DisputeStatus.LOST},
                    {DisputeStatus.WON},
                ]
            )
        ),
    },
)
