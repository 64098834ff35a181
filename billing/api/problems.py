"""Billing's own errors as problems: what the provider refuses, and keys that can't be honoured."""

from http import HTTPStatus

from django.http import HttpResponse
from rest_framework.exceptions import APIException

from billing.exceptions import KeyInUse, KeyReused, ProviderRefused, ProviderUnavailable
from webhooks import problems
from webhooks.api.problems import Problem
from webhooks.providers.stripe_api import NotConfigured


class IdempotencyProblem(APIException):
    """A request that is refused for its `Idempotency-Key`; every kind is below."""

    title = ""
    """The document's, where REST framework doesn't make it."""


class IdempotencyKeyMissing(IdempotencyProblem):
    """The operation must be safe to repeat, and this request has no key."""

    status_code = 400
    default_code = "idempotency_key_missing"
    default_detail = "This operation needs an Idempotency-Key header."
    title = "Idempotency-Key missing"


class IdempotencyKeyMalformed(IdempotencyProblem):
    """The key is not a string of the kind it must be."""

    status_code = 400
    default_code = "idempotency_key_malformed"
    default_detail = (
        "The Idempotency-Key must be one string of 1 to 255 visible ASCII characters, in quotes."
    )
    title = "Idempotency-Key malformed"


class IdempotencyKeyInUse(IdempotencyProblem):
    """The first request with this key has not been answered yet."""

    status_code = 409
    default_code = "idempotency_key_in_use"
    default_detail = "A request with this Idempotency-Key is being processed."
    title = "Idempotency-Key in use"
    wait = 1
    """Seconds, for the Retry-After header."""


class IdempotencyKeyReused(IdempotencyProblem):
    """The key was used for another request."""

    status_code = 422
    default_code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key was used with another request."
    title = "Idempotency-Key reused"


def respond(error: APIException) -> HttpResponse:
    """Answer an error in one of Django's own views, which REST framework doesn't answer for."""
    document = problems.document(
        status=error.status_code,
        code=error.default_code,
        title=getattr(error, "title", str(error.default_detail)),
        detail=str(error.detail),
        # The decorator is for any project's views, so it doesn't speak as the endpoint does.
        app="billing",
    )
    return problems.respond(document, retry_after=getattr(error, "wait", None))


def as_problem(error: Exception) -> Problem | None:
    """Return the problem that an error of a call to the provider is; None for any other error."""
    match error:
        # A key that the provider doesn't accept is ours to mend, and nothing the caller did.
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
                retry_after=problems.RETRY_SECONDS,
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
