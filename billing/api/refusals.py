"""Why the provider did not create something, as a problem."""

from http import HTTPStatus

from billing.exceptions import KeyInUse, KeyReused, ProviderRefused, ProviderUnavailable
from webhooks.api.problems import RETRY_SECONDS, Problem
from webhooks.providers.stripe_api import NotConfigured


def as_problem(error: Exception) -> Problem | None:
    """The problem that an error of the provider's is; None for any other error."""
    match error:
        case NotConfigured() | ProviderRefused(status=401 | 403):
            return Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "stripe_not_configured",
                "This server is not set up to ask this of Stripe.",
            )
        case ProviderRefused():
            return _refused(error)
        case ProviderUnavailable():
            return Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "provider_unavailable",
                "Stripe did not answer; send the request again with the same key.",
                retry_after=RETRY_SECONDS,
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
    # Stripe says 402 when what was asked is in order and the card is not.
    by_card = error.status == HTTPStatus.PAYMENT_REQUIRED
    return Problem(
        HTTPStatus.PAYMENT_REQUIRED if by_card else HTTPStatus.UNPROCESSABLE_ENTITY,
        "card_refused" if by_card else "provider_refused",
        error.message or "Stripe refuses it.",
        errors=[
            {
                "field": error.param,
                "code": error.decline_code or error.code,
                "detail": error.message,
            }
        ],
    )
