"""The API's description of itself, and the pages that show it."""

from collections.abc import Iterator
from typing import Any, Final

from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from drf_spectacular.renderers import OpenApiJsonRenderer2, OpenApiYamlRenderer2
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from webhooks.api.throttling import CountedView
from webhooks.problems import CONTENT_TYPE

Json = dict[str, Any]

EVERYWHERE: Final = {
    "400": "The request is not valid.",
    "401": "No valid token.",
    "403": "The token lacks the scope, or its user the permission.",
    "404": "There is no such thing.",
    "405": "No such method here.",
    "406": "Answers are JSON, and that is not accepted.",
    "429": "Too many requests; `Retry-After` says when to come back.",
    "503": "The database is away; try again.",
}
WITH_A_BODY: Final = {
    "413": "The body is too large.",
    "415": "The body is not declared to be JSON.",
}
WITH_AN_ID: Final = {"409": "Several have this id; parameters tell them apart."}

TEXT: Final = {"type": "string"}
PROBLEM: Final[Json] = {
    "type": "object",
    "description": "What went wrong (RFC 9457). `code` is for programs to go by.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "code": TEXT,
        "errors": {
            "type": "array",
            "description": "Where exactly, when it is the request's parameters or fields.",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {"field": TEXT, "code": TEXT, "detail": TEXT},
            },
        },
    },
}


def add_strictness(result: Json, **_: Any) -> Json:
    """Tell that requests may hold nothing but what is told of them."""
    for name, component in result["components"]["schemas"].items():
        if name.endswith("Request"):
            component["additionalProperties"] = False
    return result


def add_problems(result: Json, **_: Any) -> Json:
    """Tell of every operation how it can fail, besides what it tells itself."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    for path, operation in _operations(result):
        responses = {**EVERYWHERE}
        if "{" in path:
            responses |= WITH_AN_ID
        if "requestBody" in operation:
            responses |= WITH_A_BODY
        # Last, so that what an operation says of a status itself stands.
        for status, description in responses.items():
            operation["responses"].setdefault(status, {"description": description})
        for status, response in operation["responses"].items():
            if status >= "400":
                response["content"] = {
                    CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}
                }
            if status in ("429", "503"):
                response["headers"] = {
                    "Retry-After": {"description": "In seconds.", "schema": {"type": "integer"}}
                }
        operation["responses"] = dict(sorted(operation["responses"].items()))
    return result


def _operations(result: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in result["paths"].items():
        for operation in methods.values():
            yield path, operation


class SchemaView(CountedView, SpectacularAPIView):
    """The schema: JSON, or YAML for those who ask for it."""

    renderer_classes = (OpenApiJsonRenderer2, OpenApiYamlRenderer2)  # type: ignore[assignment]


@method_decorator(cache_control(no_store=True), name="dispatch")
class DocsView(CountedView, SpectacularSwaggerSplitView):
    """Pages to read the schema and to try it; logged-in users need no token here.

    The script comes by itself, for the Content-Security-Policy to allow none in the page.
    """

    url_name = "schema"
    template_name = "webhooks/api_docs.html"
