"""Refusals as problem documents."""

import json
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


def problem(refusal: Rejected) -> HttpResponse:
    """The answer to what is refused."""
    told = document(
        status=refusal.status_code, code=refusal.code, title=refusal.title, detail=refusal.detail
    )
    return HttpResponse(json.dumps(told), content_type=CONTENT_TYPE, status=refusal.status_code)
