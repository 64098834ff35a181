"""Callers of the API."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Permission, User
from django.utils import timezone
from rest_framework.test import APIClient

from webhooks import tokens
from webhooks.models import ApiToken, Scope


def caller(*permissions: str, scopes: Iterable[Scope] = Scope, name: str = "anna") -> APIClient:
    """Return a program that has a token of these scopes, of a user with these permissions."""
    user, _ = User.objects.get_or_create(username=name)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    _, key = issue(user, scopes)
    return bearer(key)


def issue(user: User, scopes: Iterable[Scope] = Scope, **how: Any) -> tuple[ApiToken, str]:
    """Return a new token, and its key."""
    return tokens.create(user, name="test", scopes=scopes, actor="tests", now=timezone.now(), **how)


def bearer(key: str) -> APIClient:
    """Return a program with this key."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    return client


def problem(answer: Any) -> tuple[int, str]:
    """Return a problem's status and code, having seen that it has every member."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"] == f"urn:webhooks:problem:{body['code']}"
    assert body["title"]
    assert body["detail"]
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status_code, body["code"]


def all_pages(client: APIClient, url: str) -> list[Any]:
    """Return the rows of a list, from its first page to its last."""
    rows: list[Any] = []
    following: str | None = url
    while following:
        page = client.get(following).json()
        rows += page["results"]
        following = page["next"]
    return rows
