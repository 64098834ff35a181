"""The API's rate limits. Where Redis is set and does not answer, nobody is held back."""

from collections.abc import Sequence
from typing import Any, ClassVar

from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from webhooks.conf import parse_rate, setting
from webhooks.guards import client_address, rate_limit
from webhooks.guards.rate_limit import RateLimit
from webhooks.models import ApiToken


class Throttle(BaseThrottle):
    """Rate limit per caller; subclasses say who the caller is."""

    setting: ClassVar[str]
    limit: ClassVar[RateLimit]
    seconds_left: int | None = None

    def who(self, request: Request) -> str | None:
        """Return the caller whose requests are counted together; None for one who isn't counted."""
        raise NotImplementedError

    def allow_request(self, request: Request, view: Any) -> bool:
        who = self.who(request)
        if who is None:
            return True
        most, seconds = parse_rate(setting(self.setting))
        self.seconds_left = self.limit.spend(who, most, seconds=seconds)
        return self.seconds_left is None

    def wait(self) -> float | None:
        return self.seconds_left


class CallerThrottle(Throttle):
    """By token, or by user for those who are logged in (`API_THROTTLE_RATE`)."""

    setting = "API_THROTTLE_RATE"
    # Apart from strangers, who may come from any number of addresses: none of them takes the place
    # of a token in memory.
    limit = rate_limit.callers

    def who(self, request: Request) -> str | None:
        # A token before its user: one program that runs wild must not stop the user's others.
        if isinstance(request.auth, ApiToken):
            return f"token:{request.auth.pk}"
        return f"user:{request.user.pk}" if request.user.is_authenticated else None


class StrangerThrottle(Throttle):
    """By client, for those who prove nothing (`API_ANONYMOUS_THROTTLE_RATE`)."""

    setting = "API_ANONYMOUS_THROTTLE_RATE"
    limit = rate_limit.strangers

    def who(self, request: Request) -> str | None:
        # Those who prove who they are have a budget of their own.
        if request.user.is_authenticated:
            return None
        # Not REST framework's own, which takes an address with a port for another address.
        return client_address.household(client_address.address(request.META))


class CountedView(APIView):
    """A view that counts each request before it refuses any, or refusals would have no end.

    REST framework counts last, when whoever lacks a valid token, a permission or a type that is
    answered has been turned away already.
    """

    throttle_classes: Sequence[type[BaseThrottle]] = (CallerThrottle, StrangerThrottle)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Find out who calls, count the request, then see whether it may go on."""
        try:
            self.perform_authentication(request)
        except APIException:
            # Whoever fails to prove who they are is a stranger.
            super().check_throttles(request)
            raise
        super().check_throttles(request)
        super().initial(request, *args, **kwargs)

    def check_throttles(self, request: Request) -> None:
        """Count nothing more: REST framework calls this once the request has been let through."""
