"""The errors that cross this app's borders."""

from collections.abc import Callable


class Rejected(Exception):
    """A delivery that is refused; the view turns it into a problem document (RFC 9457).

    `detail` is for the sender. It says no more than the sender needs, and never anything secret.
    """

    status_code = 400
    code = "rejected"
    title = "The delivery was refused"
    retry_after: int | None = None
    """In how many seconds it makes sense to send again; None when that would be of no use."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title


class BadRequest(Rejected):
    """The request is not fit to be looked at: it names a host that is not ours, say."""

    code = "bad_request"
    title = "The request is malformed"


class NotAuthorised(Rejected):
    """The caller has not said who they are, and must."""

    status_code = 401
    code = "not_authorised"
    title = "This takes a token"


class Failure(Rejected):
    """This project's own fault; the log tells more."""

    status_code = 500
    code = "internal_error"
    title = "Something failed here"


class MissingSignature(Rejected):
    """The delivery carries no signature."""

    code = "missing_signature"
    title = "The signature is missing"


class MalformedSignature(Rejected):
    """The signature is not of the provider's form."""

    code = "malformed_signature"
    title = "The signature is malformed"


class InvalidSignature(Rejected):
    """The signature was not made with any of the endpoint's secrets over these bytes."""

    code = "invalid_signature"
    title = "The signature is invalid"


class StaleSignature(Rejected):
    """The signature is genuine, but was not made just now."""

    code = "stale_signature"
    title = "The signature's time is too far from now"


class MalformedEvent(Rejected):
    """The delivery is proven, but its body is not an event of the provider's."""

    code = "malformed_event"
    title = "The body is not an event"


class UnknownEndpoint(Rejected):
    """No endpoint of this name is configured."""

    status_code = 404
    code = "unknown_endpoint"
    title = "There is no such endpoint"


class MethodNotAllowed(Rejected):
    """The address takes other methods; the header `Allow` names them."""

    status_code = 405
    code = "method_not_allowed"
    title = "The address does not take this method"


class PayloadTooLarge(Rejected):
    """The body is larger than `WEBHOOK_MAX_BODY_BYTES`."""

    status_code = 413
    code = "payload_too_large"
    title = "The body is too large"


class SourceNotAllowed(Rejected):
    """The client's address or user agent is not one that may deliver here."""

    status_code = 403
    code = "source_not_allowed"
    title = "Deliveries are not taken from there"


class UnsupportedMediaType(Rejected):
    """The body is said to be something that the provider does not send."""

    status_code = 415
    code = "unsupported_media_type"
    title = "The body is not of a kind that is taken"


class RateLimited(Rejected):
    """The delivery is refused, as too many of its client's have been just now."""

    status_code = 429
    code = "rate_limited"
    title = "Too many deliveries from this client were refused"

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


class StorageUnavailable(Rejected):
    """Nothing could be recorded: the provider must deliver again."""

    status_code = 503
    code = "storage_unavailable"
    title = "The delivery could not be recorded, send it again"


class ProofUnavailable(Rejected):
    """What proves the delivery is the provider's to tell, and can't be had now: send it again."""

    status_code = 503
    code = "proof_unavailable"
    title = "The delivery could not be verified now, send it again"


class EndpointNotConfigured(Rejected):
    """The endpoint has no secret to prove a delivery with."""

    status_code = 503
    code = "endpoint_not_configured"
    title = "The endpoint is not configured"


class ProviderApiUnavailable(Exception):
    """The provider's API gave no answer, or none of use, for now: ask again later."""


class ProviderApiRefused(Exception):
    """The provider's API can't be asked, or declines: the message says what somebody must mend."""


class PermanentFailure(Exception):
    """Raised by a handler when no further attempt can help: the event is `failed` at once."""


class Declined(Exception):
    """Raised by whoever answers for a payment that must not be made; the payer reads its text."""


class Unprepared(Exception):
    """Raised by a handler that must first ask the outside for something.

    Its work and that of all other handlers is undone, `prepare` is called outside any
    transaction, and the handlers run again, with `event.preparations` one higher. What `prepare`
    raises is the handler's failure.
    """

    def __init__(self, prepare: Callable[[], None]) -> None:
        super().__init__("something must be asked of the outside first")
        self.prepare = prepare
