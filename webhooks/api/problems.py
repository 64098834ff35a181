"""Every error of the API, told as `webhooks.problems` has it."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from webhooks import problems
from webhooks.exceptions import BadRequest, PayloadTooLarge, Rejected

logger = logging.getLogger(__name__)


class Problem(exceptions.APIException):
    """An error that says what it is, to be raised anywhere in a view.

    Each of `errors` has a `field`, a `code` and a `detail`.
    """

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.errors = errors
        self.wait = retry_after


def answer(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer an error (`EXCEPTION_HANDLER`), or return None for this project's own fault."""
    known = _known(error)
    if known is None:
        return None
    set_rollback()
    document = problems.document(
        status=known.status_code,
        code=_code(known),
        # The phrase of the status: REST framework's own errors have no titles, only details.
        title=HTTPStatus(known.status_code).phrase,
        detail=_detail(known),
        errors=list(_errors(known)),
    )
    # A response of REST framework's, to be written as its renderers write every answer.
    return Response(
        document,
        status=known.status_code,
        headers=_headers(known),
        content_type=problems.CONTENT_TYPE,
    )


def _known(error: Exception) -> exceptions.APIException | None:
    match error:
        case exceptions.APIException():
            return error
        case Http404():
            return exceptions.NotFound()
        case DjangoPermissionDenied():
            return exceptions.PermissionDenied()
        case Rejected():
            return Problem(HTTPStatus(error.status_code), error.code, error.detail)
        case RequestDataTooBig():
            return _known(PayloadTooLarge())
        case SuspiciousOperation() | UnreadablePostError():
            return _known(BadRequest())
        case OperationalError() | InterfaceError():
            logger.error("the database failed a request of the API's", exc_info=error)
            return Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "storage_unavailable",
                "The database is away; try again.",
                retry_after=problems.RETRY_SECONDS,
            )
        case _:
            return None


def _code(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.ValidationError):
        return "invalid_request"
    code = error.get_codes()
    return code if isinstance(code, str) else error.default_code


def _detail(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.ValidationError):
        return "The request is not valid; `errors` says where."
    return str(error.detail)


def _errors(error: exceptions.APIException) -> Iterator[Mapping[str, str]]:
    if isinstance(error, exceptions.ValidationError):
        yield from _flat(error.get_full_details(), "")
    elif isinstance(error, Problem):
        yield from error.errors


def _flat(detail: Any, path: str) -> Iterator[dict[str, str]]:
    """Yield the errors of fields within fields, each with its path: `line_items.0.price`."""
    if isinstance(detail, list):
        for index, part in enumerate(detail):
            # What is wrong with a list's members comes keyed by their place, as a mapping does;
            # a list of messages is about the field itself.
            is_message = isinstance(part, Mapping) and set(part) == {"message", "code"}
            yield from _flat(part, path if is_message else _join(path, str(index)))
    elif set(detail) == {"message", "code"} and isinstance(detail["message"], str):
        yield {"field": path, "code": str(detail["code"]), "detail": str(detail["message"])}
    else:
        for name, part in detail.items():
            yield from _flat(part, path if name == "non_field_errors" else _join(path, str(name)))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _headers(error: exceptions.APIException) -> dict[str, str]:
    # REST framework leaves both of these on its exceptions.
    challenge = getattr(error, "auth_header", None)
    return {
        **({"WWW-Authenticate": challenge} if challenge else {}),
        **problems.headers(retry_after=getattr(error, "wait", None)),
    }
