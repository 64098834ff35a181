"""Reading what callers send."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from webhooks import conf, strict_json
from webhooks.exceptions import MalformedEvent
from webhooks.guards.admission import read_body


class StrictJSONParser(JSONParser):
    """JSON in UTF-8, of bounded size, as `webhooks.strict_json` reads it."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            # Not the declared length, which is the sender's to claim: what is read is counted.
            body = read_body(stream, declared=None, limit=conf.max_body_bytes())
            return strict_json.read(body)
        except MalformedEvent as error:
            raise ParseError("The body ended early.") from error
        except strict_json.NotJson as error:
            raise ParseError("The body is not the JSON that is expected here.") from error
