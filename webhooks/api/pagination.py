"""Pages that cost the same however far down they are."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db import connection
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

CURSOR: Final = "cursor"
PAGE_SIZE: Final = "page_size"
DEFAULT_SIZE: Final = 50
MAX_SIZE: Final = 100
PARAMETERS: Final = frozenset({CURSOR, PAGE_SIZE})

_MARK: Final = b"before:"
_MAX_ID: Final = 2**63 - 1


@contextmanager
def planned_anew() -> Iterator[None]:
    """Have PostgreSQL plan each query for the values that it is asked with.

    A statement that was prepared is planned for values in general, and so for a status, say, that
    many rows have: a page of one that few have would read the whole table.
    """
    if connection.vendor != "postgresql":
        yield
        return
    connection.ensure_connection()
    # The driver's own setting: Django has none for a single query.
    psycopg = connection.connection
    threshold, psycopg.prepare_threshold = psycopg.prepare_threshold, None
    try:
        yield
    finally:
        psycopg.prepare_threshold = threshold


class KeysetPagination(BasePagination):
    """The newest first; each page goes on from where the one before it ended.

    What arrives meanwhile belongs before the first page, so following `next` repeats nothing and
    leaves nothing out. Nothing is counted.
    """

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        size = _size(request.query_params.get(PAGE_SIZE))
        cursor = request.query_params.get(CURSOR)
        if cursor is not None:
            # Below the last key, and no OFFSET: page 10,000 costs what page 1 does.
            queryset = queryset.filter(pk__lt=_decode(cursor))
        with planned_anew():
            # One more than is shown tells whether there is another page, without counting.
            rows = list(queryset.order_by("-pk")[: size + 1])
        page = rows[:size]
        self.next_url = None
        if len(rows) > size:
            url = request.build_absolute_uri()
            self.next_url = replace_query_param(url, CURSOR, _encode(page[-1].pk))
        return page

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.next_url, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        url = {
            "type": "string",
            "format": "uri",
            "nullable": True,
            "description": "The next page, null on the last one.",
        }
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {"next": url, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {
                "name": CURSOR,
                "in": "query",
                "description": "Where to go on, as `next` of the page before it says.",
                "schema": {"type": "string", "minLength": 1},
            },
            {
                "name": PAGE_SIZE,
                "in": "query",
                "description": "How many to a page.",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MAX_SIZE,
                    "default": DEFAULT_SIZE,
                },
            },
        ]


def _size(text: str | None) -> int:
    if text is None:
        return DEFAULT_SIZE
    # `int` would take signs, underscores and the digits of other scripts.
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= MAX_SIZE:
        raise ValidationError({PAGE_SIZE: f"A number from 1 to {MAX_SIZE}."})
    return int(text)


def _encode(pk: int) -> str:
    return urlsafe_b64encode(_MARK + str(pk).encode()).decode()


def _decode(cursor: str) -> int:
    try:
        decoded = urlsafe_b64decode(cursor.encode())
    except ValueError:
        decoded = b""
    # Marked, so that a cursor of another list or another version is refused, not misread.
    found = re.fullmatch(_MARK + rb"([0-9]{1,19})", decoded)
    if not found or int(found[1]) > _MAX_ID:
        raise ValidationError({CURSOR: "Not a cursor: take it from a page's `next`."})
    return int(found[1])
