"""Reading what callers send."""

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from webhooks import conf
from webhooks.exceptions import MalformedEvent
from webhooks.guards import read_body


class StrictJSONParser(JSONParser):
    """JSON in UTF-8, of bounded size, without names given twice and without NaN."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            body = read_body(stream, declared=None, limit=conf.max_body_bytes())
            return json.loads(
                body.decode(), object_pairs_hook=_unambiguous, parse_constant=_no_number
            )
        except MalformedEvent as error:
            raise ParseError("The body ended early.") from error
        except (ValueError, RecursionError) as error:
            raise ParseError("The body is not the JSON that is expected here.") from error


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    whole = dict(pairs)
    if len(whole) < len(pairs):
        raise ValueError("a name is given twice")
    return whole


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
