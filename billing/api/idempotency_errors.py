"""What is answered to a request whose `Idempotency-Key` can't be honoured."""

import json

from django.http import HttpResponse
from rest_framework.exceptions import APIException


class IdempotencyKeyMissing(APIException):
    """The operation must be safe to repeat, and this request has no key."""

    status_code = 400
    default_code = "idempotency_key_missing"
    default_detail = "This operation needs an Idempotency-Key header."


class IdempotencyKeyMalformed(APIException):
    """The key is not a string of the kind it must be."""

    status_code = 400
    default_code = "idempotency_key_malformed"
    default_detail = (
        "The Idempotency-Key must be one string of 1 to 255 visible ASCII characters, in quotes."
    )


class IdempotencyKeyInUse(APIException):
    """The first request with this key has not been answered yet."""

    status_code = 409
    default_code = "idempotency_key_in_use"
    default_detail = "A request with this Idempotency-Key is being processed."
    wait = 1
    """Seconds, for the Retry-After header."""


class IdempotencyKeyReused(APIException):
    """The key was used for another request."""

    status_code = 422
    default_code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key was used with another request."


TITLES = {
    IdempotencyKeyMissing.default_code: "Idempotency-Key missing",
    IdempotencyKeyMalformed.default_code: "Idempotency-Key malformed",
    IdempotencyKeyInUse.default_code: "Idempotency-Key in use",
    IdempotencyKeyReused.default_code: "Idempotency-Key reused",
}


def problem(error: APIException) -> HttpResponse:
    """The error as a problem document (RFC 9457), where REST framework doesn't make one of it."""
    code = error.default_code
    document = {
        "type": f"urn:billing:problem:{code}",
        "title": TITLES.get(code, str(error.default_detail)),
        "status": error.status_code,
        "detail": str(error.detail),
        "code": code,
    }
    response = HttpResponse(
        json.dumps(document), content_type="application/problem+json", status=error.status_code
    )
    if wait := getattr(error, "wait", None):
        response["Retry-After"] = str(wait)
    return response
