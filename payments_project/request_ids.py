"""Give each request an id, and its answer too."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from webhooks.monitoring import request_ids

HEADER = "X-Request-ID"
META_HEADER = "HTTP_X_REQUEST_ID"


class RequestIdMiddleware:
    """Takes the proxy's or the sender's id where that is sane, and makes one where it isn't."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # `request.headers` would parse every header of every request for this one.
        request_id = request_ids.taken_from(request.META.get(META_HEADER, ""))
        # Whatever reads the header from here on, reads what is in the answer and the log.
        request.META[META_HEADER] = request_id
        with request_ids.within(request_id):
            response = self.get_response(request)
        response.headers[HEADER] = request_id
        return response
