"""Responses as they are kept to be repeated: encrypted, as they may hold a client secret, and bound
to the request that they answer.
"""

import json
import logging
from typing import Any, Final

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from billing.idempotency.encryption import Undecipherable, decrypt, encrypt
from billing.idempotency.keys import StoredResponse

REPLAYED: Final = "Idempotency-Replayed"


logger = logging.getLogger(__name__)


def store(response: HttpResponseBase, row_reference: str) -> StoredResponse | None:
    """Return what to store of a response to a request. None when it must not be repeated.

    After a conflict, too many requests, or a failure of the server's, the request is to be
    processed again. A stream is gone once it was sent.
    """
    status = response.status_code
    if status >= 500 or status in (409, 429) or not isinstance(response, HttpResponse):
        return None
    kept: dict[str, Any] = {"headers": dict(response.headers)}
    if isinstance(response, Response):  # which is rendered later, as the client accepts it
        kept |= {"data": response.data, "content_type": response.content_type}
    else:
        kept |= {"content": response.content.decode("latin-1")}
    return StoredResponse(status, body=encrypt(json.dumps(kept, cls=JSONEncoder), row_reference))


def can_repeat(outcome: StoredResponse) -> bool:
    """True when what is stored answers this very request, and can be read."""
    try:
        decrypt(outcome.body, outcome.row_reference)
    except Undecipherable:
        # By a former key, of release 0.1.0, or put there by somebody: for people to find out.
        logger.warning("a stored answer can't be read: its request is processed again")
        return False
    return True


def repeat(outcome: StoredResponse) -> HttpResponse:
    """Return the response that was stored, marked as a repeated one."""
    kept = json.loads(decrypt(outcome.body, outcome.row_reference))
    headers = {**kept["headers"], REPLAYED: "true"}
    if "data" in kept:
        return Response(
            kept["data"], outcome.status, headers=headers, content_type=kept["content_type"]
        )
    content = kept["content"].encode("latin-1")
    return HttpResponse(content, status=outcome.status, headers=headers)
