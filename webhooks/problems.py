"""Every error as one form of document, "problem details": https://www.rfc-editor.org/rfc/rfc9457."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec

from django.http import HttpRequest, HttpResponse

from webhooks.exceptions import MethodNotAllowed, Rejected
from webhooks.responses import ResponseThen

Rest = ParamSpec("Rest")
View = Callable[Concatenate[HttpRequest, Rest], HttpResponse]

CONTENT_TYPE: Final = "application/problem+json"

RETRY_SECONDS: Final = 5
"""The seconds after which to come back where nobody knows when what failed will be mended."""


def document(
    *,
    status: int,
    code: str,
    title: str,
    detail: str,
    errors: Sequence[Mapping[str, str]] = (),
    app: str = "webhooks",
) -> dict[str, Any]:
    """Return a problem document; each of `errors` has a `field`, a `code` and a `detail`.

    `app` is whose error it is.
    """
    body: dict[str, Any] = {
        # A URN and no URL: programs compare it, and there is no page for it to lead to.
        "type": f"urn:{app}:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
    }
    return {**body, "errors": list(errors)} if errors else body


def headers(*, retry_after: float | None) -> dict[str, str]:
    """Return the headers of a problem: in how many seconds to try again, where that is known."""
    # At least a second: 0 would have a client come back at once, and again and again.
    return {} if retry_after is None else {"Retry-After": str(max(1, round(retry_after)))}


def respond(
    body: Mapping[str, Any],
    *,
    retry_after: float | None = None,
    then: Callable[[], None] | None = None,
) -> ResponseThen:
    """Return the response that carries a document; `then` is called when the client has it."""
    response = ResponseThen(
        json.dumps(body),
        content_type=CONTENT_TYPE,
        status=body["status"],
    )
    for name, value in headers(retry_after=retry_after).items():
        response.headers[name] = value
    response.then = then
    return response


def problem(refusal: Rejected, *, then: Callable[[], None] | None = None) -> HttpResponse:
    """Return the answer to what is refused; `then` is called when the client has it."""
    body = document(
        status=refusal.status_code, code=refusal.code, title=refusal.title, detail=refusal.detail
    )
    return respond(body, retry_after=refusal.retry_after, then=then)


def takes(*methods: str) -> Callable[[View[Rest]], View[Rest]]:
    """Have a view take these methods; any other is answered by a problem document."""

    def decorate(view: View[Rest]) -> View[Rest]:
        @wraps(view)
        def wrapper(
            request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs
        ) -> HttpResponse:
            if request.method in methods:
                return view(request, *args, **kwargs)
            allowed = ", ".join(methods)
            answer = problem(MethodNotAllowed(f"Use {allowed}."))
            answer.headers["Allow"] = allowed
            return answer

        return wrapper

    return decorate
