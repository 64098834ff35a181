"""Responses after which something is left to do."""

from collections.abc import Callable

from django.http import HttpResponse


class ResponseThen(HttpResponse):
    """A response with something to be done once it has been sent."""

    then: Callable[[], None] | None = None

    def close(self) -> None:
        """Run what waits until the client has its answer; the server calls this."""
        try:
            if self.then:
                self.then()
        finally:
            super().close()
