"""A payment that is captured, refunded and disputed twice, and others that come to nothing.

The shapes are the samples of https://docs.adyen.com/development-resources/webhooks/webhook-types/
and https://docs.adyen.com/risk-management/disputes-api/dispute-notifications/.
"""

from typing import Any, Final

from billing.models import Charge, Customer, Dispute, Refund
from billing.testing.lives import Life

PAYMENT: Final = "7914073381342284"


def told(code: str, at: str, reference: str, value: int, **more: Any) -> dict[str, Any]:
    item: dict[str, Any] = {
        "pspReference": reference,
        "merchantAccountCode": "TestMerchant",
        "merchantReference": "order-17",
        "amount": {"value": value, "currency": "EUR"},
        "eventCode": code,
        "eventDate": at,
        "success": "true",
        "paymentMethod": "visa",
        "reason": "",
        "additionalData": {},
    }
    return {
        "live": "false",
        "notificationItems": [{"NotificationRequestItem": item | more}],
    }


def about(
    code: str, at: str, reference: str, value: int, original: str = PAYMENT, **more: Any
) -> dict[str, Any]:
    return told(code, at, reference, value, originalReference=original, **more)


_SHOPPER: Final = {
    "shopperReference": "shopper-1",
    "shopperEmail": "ada@x.test",
    "cardSummary": "1111",
    "expiryDate": "03/2030",
}
_FAILING: Final = "8814073381342285"
_LATE: Final = "8814073381342286"
_VOIDED: Final = "8814073381342287"
_DISPUTE: Final = "9915555555555557"

LIFE: Final = Life(
    provider="adyen",
    secret="0f" * 32,
    deliveries=[
        told("AUTHORISATION", "2026-03-01T10:00:00+01:00", PAYMENT, 5000, additionalData=_SHOPPER),
        about("CAPTURE", "2026-03-01T10:00:01+01:00", "8825408195409505", 5000),
        about("REFUND", "2026-03-02T10:00:00+01:00", "8825408195409506", 1200),
        about("REFUND", "2026-03-03T10:00:00+01:00", "8825408195409507", 800),
        about("REFUND_FAILED", "2026-03-05T10:00:00+01:00", "8825408195409507", 800),
        about("REFUND", "2026-03-05T10:00:00+01:00", "8825408195409508", 9999, success="false"),
        about(
            "CANCEL_OR_REFUND",
            "2026-03-06T10:00:00+01:00",
            "8825408195409509",
            300,
            additionalData={"modification.action": "refund"},
        ),
        about(
            "NOTIFICATION_OF_CHARGEBACK",
            "2026-03-10T10:00:00+01:00",
            _DISPUTE,
            3000,
            additionalData={
                "disputeStatus": "Undefended",
                "chargebackReasonCode": "10.4",
                "defensePeriodEndsAt": "2026-03-28T10:00:00+01:00",
            },
        ),
        about("CHARGEBACK", "2026-03-12T10:00:00+01:00", _DISPUTE, 3000),
        about("CHARGEBACK_REVERSED", "2026-03-20T10:00:00+01:00", _DISPUTE, 3000),
        about("SECOND_CHARGEBACK", "2026-04-20T10:00:00+02:00", _DISPUTE, 3000),
        told(
            "AUTHORISATION",
            "2026-03-01T11:00:00+01:00",
            _FAILING,
            700,
            success="false",
            reason="Refused",
        ),
        told("AUTHORISATION", "2026-03-01T12:00:00+01:00", _LATE, 700),
        about("CAPTURE_FAILED", "2026-03-04T12:00:00+01:00", "8825408195409510", 700, _LATE),
        told(
            "AUTHORISATION",
            "2026-03-01T13:00:00+01:00",
            _VOIDED,
            900,
            amount={"value": 120000, "currency": "CLP"},
        ),
        about("CANCELLATION", "2026-03-01T14:00:00+01:00", "8825408195409511", 0, _VOIDED),
        told("REPORT_AVAILABLE", "2026-03-01T14:00:00+01:00", "8825408195409512", 0),
    ],
    rows={
        Customer: {"shopper-1": {"email": "ada@x.test"}},
        Charge: {
            PAYMENT: {
                "status": "succeeded",
                "amount": 5000,
                "captured": True,
                "amount_refunded": 1500,
                "refunded": False,
                "disputed": True,
                "card_last4": "1111",
                "customer_id": "shopper-1",
            },
            _FAILING: {"status": "failed", "failure_message": "Refused"},
            _LATE: {"status": "failed", "amount": 700, "failure_code": "capture_failed"},
            _VOIDED: {"status": "failed", "amount": 1200, "currency": "clp"},
        },
        Refund: {
            "8825408195409506": {"status": "succeeded", "amount": 1200, "charge_id": PAYMENT},
            "8825408195409507": {"status": "failed", "failure_reason": "refund_failed"},
            "8825408195409508": {"status": "failed"},
            "8825408195409509": {"status": "succeeded", "amount": 300},
        },
        Dispute: {_DISPUTE: {"status": "lost", "reason": "10.4", "charge_id": PAYMENT}},
    },
)
