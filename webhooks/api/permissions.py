"""The grant that a request needs: the token's scope, and its user's permission."""

from dataclasses import dataclass
from typing import Any

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from webhooks.models import ApiToken, Scope


@dataclass(frozen=True, slots=True)
class Grant:
    """A scope that the token must have, and a model permission (`app.action_model`).

    `also` is for what is found under one heading and tells of another: those scopes as well.
    """

    scope: Scope
    permission: str
    also: tuple[Scope, ...] = ()


class Granted(BasePermission):
    """Lets through what the view's `grant_for` allows. Somebody logged in needs no scope."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return False
        grant: Grant = view.grant_for(request)
        if isinstance(request.auth, ApiToken):
            for scope in (grant.scope, *grant.also):
                if scope not in request.auth.scopes:
                    raise PermissionDenied(f"The token lacks the scope {scope}.", "missing_scope")
        require(request, grant.permission)
        return True


def require(request: Request, permission: str) -> None:
    """Refuse those who lack a permission."""
    if not request.user.has_perm(permission):
        raise PermissionDenied(f"The permission {permission} is needed.")
