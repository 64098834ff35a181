"""Authentication of callers by the token that they bear."""

from typing import Any, Final

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from webhooks import tokens
from webhooks.models import ApiToken

SCHEME: Final = "Bearer"


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer pay_…`: the token's user, and the token as `request.auth`."""

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, ApiToken] | None:
        # Headers are bytes: latin-1 reads any of them, and a key that isn't ASCII is none of ours.
        scheme, _, key = get_authorization_header(request).decode("latin-1").partition(" ")
        # None lets the next way of proving oneself try: staff come with a session.
        if scheme.lower() != SCHEME.lower():
            return None
        token = tokens.recognise(key.strip(), now=timezone.now())
        if token is None:
            # Unknown, expired, revoked, or its user is gone: which of them is nobody's business.
            raise AuthenticationFailed("The token is not valid.", code="invalid_token")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        # What a 401 must name, or REST framework makes a 403 of it.
        return f'{SCHEME} realm="api"'


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Tokens, as the schema describes them."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the scheme: a bearer token."""
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "pay_…",
            "description": "A token made with `manage.py api_token create`. A request needs the "
            "token's scope and its user's permission.",
        }
