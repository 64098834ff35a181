"""Every refusal's document, whole: programs and other receivers' operators go by each of them."""

import json

import pytest

from webhooks import exceptions
from webhooks.problems import problem

pytestmark = pytest.mark.one_database

REFUSALS = [
    (exceptions.BadRequest(), 400, "bad_request", "The request is malformed"),
    (exceptions.NotAuthorised(), 401, "not_authorised", "This takes a token"),
    (exceptions.Failure(), 500, "internal_error", "Something failed here"),
    (exceptions.MissingSignature(), 400, "missing_signature", "The signature is missing"),
    (exceptions.MalformedSignature(), 400, "malformed_signature", "The signature is malformed"),
    (exceptions.InvalidSignature(), 400, "invalid_signature", "The signature is invalid"),
    (
        exceptions.StaleSignature(),
        400,
        "stale_signature",
        "The signature's time is too far from now",
    ),
    (exceptions.MalformedEvent(), 400, "malformed_event", "The body is not an event"),
    (exceptions.UnknownEndpoint(), 404, "unknown_endpoint", "There is no such endpoint"),
    (
        exceptions.MethodNotAllowed(),
        405,
        "method_not_allowed",
        "The address does not take this method",
    ),
    (exceptions.PayloadTooLarge(), 413, "payload_too_large", "The body is too large"),
    (
        exceptions.SourceNotAllowed(),
        403,
        "source_not_allowed",
        "Deliveries are not taken from there",
    ),
    (
        exceptions.UnsupportedMediaType(),
        415,
        "unsupported_media_type",
        "The body is not of a kind that is taken",
    ),
    (
        exceptions.RateLimited(7),
        429,
        "rate_limited",
        "Too many deliveries from this client were refused",
    ),
    (
        exceptions.StorageUnavailable(),
        503,
        "storage_unavailable",
        "The delivery could not be recorded, send it again",
    ),
    (
        exceptions.ProofUnavailable(),
        503,
        "proof_unavailable",
        "The delivery could not be verified now, send it again",
    ),
    (
        exceptions.EndpointNotConfigured(),
        503,
        "endpoint_not_configured",
        "The endpoint is not configured",
    ),
]


@pytest.mark.parametrize(("refusal", "status", "code", "title"), REFUSALS)
def test_a_refusal_is_told_whole(
    refusal: exceptions.Rejected, status: int, code: str, title: str
) -> None:
    told = problem(refusal)
    wait = {"Retry-After": "7"} if code == "rate_limited" else {}
    assert told.status_code == status
    assert dict(told.headers) == {"Content-Type": "application/problem+json", **wait}
    assert (
        told.content
        == json.dumps(
            {
                "type": f"urn:webhooks:problem:{code}",
                "title": title,
                "status": status,
                "detail": title,
                "code": code,
            }
        ).encode()
    )


def test_the_table_has_every_refusal() -> None:
    known = {each for each in vars(exceptions).values() if isinstance(each, type)}
    refusals = {each for each in known if issubclass(each, exceptions.Rejected)}
    assert refusals - {exceptions.Rejected} == {type(refusal) for refusal, *_ in REFUSALS}
