"""Refusals as problem documents."""

import json

from django.http import HttpResponse

from webhooks.exceptions import Rejected


def problem(refusal: Rejected) -> HttpResponse:
    """The answer to what is refused: https://www.rfc-editor.org/rfc/rfc9457."""
    return HttpResponse(
        json.dumps(
            {
                "type": f"urn:webhooks:problem:{refusal.code}",
                "title": refusal.title,
                "status": refusal.status_code,
                "detail": refusal.detail,
                "code": refusal.code,
            }
        ),
        content_type="application/problem+json",
        status=refusal.status_code,
    )
