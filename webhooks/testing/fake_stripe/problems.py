"""The API's errors, in Stripe's shape."""

from webhooks.testing.fake_stripe.shapes import Json


class ApiError(Exception):
    """A request that is answered with an error; the server turns it into a response."""

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        about: Json | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.code = code
        self.param = param
        self.about = about or {}

    @property
    def body(self) -> Json:
        """`{"error": {...}}`, without the keys that have nothing to say."""
        said = {"code": self.code, "message": self.message, "param": self.param, "type": self.kind}
        # Stripe leaves these out, and does not say null.
        members = {key: value for key, value in said.items() if value is not None}
        return {"error": members | self.about}

    @property
    def precedes_execution(self) -> bool:
        """True while nothing had begun yet, so that an idempotency key isn't used up."""
        return bool(self.code and self.code.startswith("parameter_"))


def invalid(message: str, *, code: str | None = None, param: str | None = None) -> ApiError:
    """Return a 400: the request makes no sense, or the object's state forbids it."""
    return ApiError(400, "invalid_request_error", message, code=code, param=param)


def missing(kind: str, object_id: str, *, other_mode: str | None = None) -> ApiError:
    """Return a 404; `other_mode` (`test` or `live`) is where the object does exist."""
    message = f"No such {kind}: '{object_id}'"
    if other_mode:
        used = "live" if other_mode == "test" else "test"
        message += f"; a similar object exists in {other_mode} mode, but a {used} mode key was used"
        message += " to make this request."
    return ApiError(404, "invalid_request_error", message, code="resource_missing", param="id")
