"""Give each request an id, and its answer too."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from webhooks.monitoring import request_ids

HEADER = "X-Request-ID"


class RequestIdMiddleware:
    """Takes the proxy's or the sender's id where that is sane, and makes one where it isn't."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = request_ids.taken_from(request.headers.get(HEADER, ""))
        # Whatever reads the header from here on, reads what is in the answer and the log.
        request.META["HTTP_X_REQUEST_ID"] = request_id
        with request_ids.within(request_id):
            response = self.get_response(request)
        response.headers[HEADER] = request_id
        return response
