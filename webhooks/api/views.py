"""The behaviour that all views of the API share."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from webhooks.api.fields import StrictSerializer, TextField
from webhooks.api.permissions import Grant, Granted
from webhooks.api.problems import Problem
from webhooks.api.throttling import CountedView
from webhooks.database.text import LONGEST_NAME, is_storable


class ApiView(CountedView):
    """A view for those who have its `grant`. Nothing on the way may keep what it answers."""

    permission_classes: Sequence[type[BasePermission]] = (Granted,)
    http_method_names = ("get", "head", "post")
    grant: ClassVar[Grant]

    def grant_for(self, request: Request) -> Grant:
        """Return the permission and scope that this request needs."""
        return self.grant

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Response:
        """Forbid keeping it."""
        final = super().finalize_response(request, response, *args, **kwargs)
        # Answers hold names and amounts, which no proxy between may keep for the next caller.
        final.headers.setdefault("Cache-Control", "no-store")
        return final


class NotFoundView(ApiView):
    """The answer at addresses that don't exist, for everybody alike."""

    permission_classes = ()
    authentication_classes = ()
    schema = None

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """Say so whatever the method."""
        super().initial(request, *args, **kwargs)
        raise exceptions.NotFound


_unknown = NotFoundView.as_view()


@csrf_exempt
def elsewhere(request: HttpRequest) -> Any:
    """Take an address with a slash too many, or one too few, for the one that was meant."""
    path = request.path_info
    try:
        # Answered, not redirected: a client that follows a redirect of a POST makes a GET of it.
        match = resolve(path[:-1] if path.endswith("/") else f"{path}/")
    except Resolver404:
        match = None
    if match is None or match.func is elsewhere:
        return _unknown(request)
    return match.func(request, *match.args, **match.kwargs)


class Place(StrictSerializer):
    """The place to look for an id, for ids that several places have."""

    provider = TextField(required=False, max_length=32)

    def lookups(self) -> dict[str, Any]:
        """Return the fields to filter by. Raises `ValidationError`."""
        self.is_valid(raise_exception=True)
        return dict(self.validated_data)


class RecordViewSet(ApiView, ReadOnlyModelViewSet[Any]):
    """A list in pages, and one by one by the provider's id, looked for in a `place`."""

    lookup_value_regex = "[^/]+"
    place: ClassVar[type[Place]] = Place

    def get_object(self) -> Any:
        """Return the only row with the id in the address; 409 when the place leaves several."""
        place = self.place(data=self.request.query_params.dict())
        lookups = {self.lookup_field: self.kwargs[self.lookup_field], **place.lookups()}
        return the_one(self.get_queryset(), list(place.fields), self.unstored, **lookups)

    def unstored(self, **lookups: Any) -> Sequence[Any]:
        """Return what is known of an id that no row has. For subclasses."""
        return ()


def the_one(
    rows: QuerySet[Any],
    parameters: list[str],
    unstored: Callable[..., Sequence[Any]] | None = None,
    **lookups: Any,
) -> Any:
    """Return the only row, or where there is none, the only one that is `unstored`.

    Raises when there is none, or several, which parameters tell apart.
    """
    # A text that no column can hold would be the database's error, and so a 500.
    if any(isinstance(value, str) and not _could_be_stored(value) for value in lookups.values()):
        raise exceptions.NotFound
    # Two are enough to know that there are several.
    found: Sequence[Any] = list(rows.filter(**lookups)[:2])
    if not found and unstored is not None:
        found = unstored(**lookups)
    if not found:
        raise exceptions.NotFound
    if len(found) > 1:
        raise Problem(
            HTTPStatus.CONFLICT,
            "ambiguous_id",
            f"Several have this id. Tell them apart by: {', '.join(parameters)}.",
        )
    return found[0]


def _could_be_stored(text: str) -> bool:
    return len(text) <= LONGEST_NAME and is_storable(text)
