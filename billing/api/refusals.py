"""Why the provider did not create something, as a problem."""

from http import HTTPStatus
from typing import Final

from billing.exceptions import (
    KeyInUse,
    KeyReused,
    NotConfigured,
    ProviderRefused,
    ProviderUnavailable,
)
from webhooks.api.problems import RETRY_SECONDS, Problem

CARD_CODES: Final = frozenset(
    {
        "authentication_required",
        "card_decline_rate_limit_exceeded",
        "card_declined",
        "expired_card",
        "incorrect_address",
        "incorrect_cvc",
        "incorrect_number",
        "incorrect_zip",
        "insufficient_funds",
        "invalid_cvc",
        "invalid_expiry_month",
        "invalid_expiry_year",
        "invalid_number",
        "processing_error",
    }
)
"""What Stripe says when it is the card: https://docs.stripe.com/error-codes."""


def as_problem(error: Exception) -> Problem | None:
    """The problem that an error of the provider's is; None for any other error."""
    match error:
        case ProviderRefused():
            return _refused(error)
        case ProviderUnavailable():
            return Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "provider_unavailable",
                "Stripe did not answer; send the request again with the same key.",
                retry_after=RETRY_SECONDS,
            )
        case NotConfigured():
            return Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "stripe_not_configured",
                "This server is not set up to call Stripe.",
            )
        case KeyInUse():
            return Problem(
                HTTPStatus.CONFLICT,
                "idempotency_key_in_use",
                "A request with this key is in flight.",
                retry_after=1,
            )
        case KeyReused():
            return Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                "The key came with another request before.",
            )
        case _:
            return None


def _refused(error: ProviderRefused) -> Problem:
    by_card = error.code in CARD_CODES
    status = HTTPStatus.PAYMENT_REQUIRED if by_card else HTTPStatus.UNPROCESSABLE_ENTITY
    told = {"field": error.param or "", "code": error.code or "", "detail": error.message or ""}
    return Problem(
        status,
        "card_refused" if by_card else "provider_refused",
        error.message or "Stripe refuses it.",
        errors=[told],
    )
