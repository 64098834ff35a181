"""The errors of calls to a provider, and of work that is to happen once."""

from webhooks import exceptions


class ProviderRefused(exceptions.ProviderApiRefused):
    """The provider said no: to the card, or to what was asked. Caught by who can tell the payer.

    Asking again the same way has the same outcome. The message holds no secret. A `decline_code`
    is the card issuer's reason.
    """

    def __init__(
        self, message: str, *, status: int, code: str = "", param: str = "", decline_code: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.param = param
        self.decline_code = decline_code


class ProviderUnavailable(exceptions.ProviderApiUnavailable):
    """The provider can't be reached, is too busy, or is broken. Caught by who can try again.

    When `indeterminate`, what was asked for may have been done nevertheless. Asking again the same
    way is safe: it has the same key.
    """

    def __init__(self, message: str, *, indeterminate: bool) -> None:
        super().__init__(message)
        self.indeterminate = indeterminate


class KeyReused(Exception):
    """The key stands for something else already. A mistake of the caller's: nothing was done."""


class KeyInUse(Exception):
    """Another is at it at this moment. Caught by who can come back a little later."""


class InTransaction(RuntimeError):
    """Work with the outside was begun in a transaction. A mistake in the code: nobody catches it.

    What is about to be done must be on record before it is done, and a transaction must not stay
    open while others are waited for.
    """

    def __init__(self) -> None:
        super().__init__(
            "This must not run inside transaction.atomic(): its record could not be committed "
            "before the call is made. Call it before the transaction, or in transaction.on_commit."
        )
