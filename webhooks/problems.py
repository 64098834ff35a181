"""Refusals as problem documents."""

import json
from collections.abc import Callable
from typing import Any, Final

from django.http import HttpResponse

from webhooks.exceptions import Rejected

CONTENT_TYPE: Final = "application/problem+json"


def document(*, status: int, code: str, title: str, detail: str) -> dict[str, Any]:
    """A problem document: https://www.rfc-editor.org/rfc/rfc9457."""
    return {
        "type": f"urn:webhooks:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
    }


class ProblemResponse(HttpResponse):
    """A problem document, with something to be done once it has been sent."""

    then: Callable[[], None] | None = None

    def close(self) -> None:
        """Called by the server when the client has its answer."""
        try:
            if self.then:
                self.then()
        finally:
            super().close()


def problem(refusal: Rejected, *, then: Callable[[], None] | None = None) -> HttpResponse:
    """The answer to what is refused; `then` is called when the client has it."""
    told = document(
        status=refusal.status_code, code=refusal.code, title=refusal.title, detail=refusal.detail
    )
    response = ProblemResponse(
        json.dumps(told), content_type=CONTENT_TYPE, status=refusal.status_code
    )
    if refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    response.then = then
    return response
