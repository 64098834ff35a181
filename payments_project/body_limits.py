"""Bound the bodies that are read for pages and the API. The endpoint bounds its own."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from webhooks.exceptions import BadRequest, PayloadTooLarge, Rejected
from webhooks.problems import problem


class BodyLimitMiddleware:
    """Refuses bodies over `DATA_UPLOAD_MAX_MEMORY_SIZE`, and those without a length."""

    # Django counts the fields of a form alone: neither files nor what is around the parts. Nothing
    # past the declared length is ever read, so to bound that is enough.

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # Django would take a body in chunks for an empty one.
        if "HTTP_TRANSFER_ENCODING" in request.META:
            return _refuse(BadRequest("The body must be sent with its length."))
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if _length(request) > limit:
            return _refuse(PayloadTooLarge(f"The body may have {limit} bytes at most."))
        return self.get_response(request)


def _refuse(refusal: Rejected) -> HttpResponse:
    answer = problem(refusal)
    # As every answer of the API: a request of the same address may be fine the next time.
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0  # as Django has it
