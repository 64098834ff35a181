"""Idempotency keys: one execution each, and its answer for everyone who asks again."""

from dataclasses import dataclass
from threading import Lock

from webhooks.testing.fake_stripe.problems import ApiError, invalid

KEY_LENGTH = 255
HOURS = 24

KeyOf = tuple[str, bool, str]
"""(account, livemode, idempotency key)."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer as it was first given."""

    status: int
    body: bytes


@dataclass(slots=True)
class _Use:
    call: tuple[str, str]
    began: int
    stored: Stored | None = None


class Keys:
    """The keys in use and what was answered, for 24 hours of the world's clock."""

    def __init__(self) -> None:
        self._uses: dict[KeyOf, _Use] = {}
        self._lock = Lock()

    def claim(self, key: KeyOf, call: tuple[str, str], now: int) -> Stored | None:
        """Return the answer to give again; without one, the key is the caller's, who must `store`
        or `release`. `call` is (endpoint, parameters). Raises `ApiError`."""
        if not 0 < len(key[2]) <= KEY_LENGTH:
            message = f"Idempotency keys are at most {KEY_LENGTH} characters long."
            raise invalid(message, code="parameter_invalid")
        with self._lock:
            use = self._uses.get(key)
            # One that is still at work doesn't expire: its caller would be overtaken by a second.
            if use and use.stored and now - use.began >= HOURS * 3600:
                use = None
            if use is None:
                self._uses[key] = _Use(call, now)
                return None
            # Before the conflict: to wait would not help a request that is another one.
            if use.call != call:
                raise _other_use(key[2], same_endpoint=use.call[0] == call[0])
            if use.stored is None:
                raise in_use(key[2])
            return use.stored

    # Bytes, not objects: what is repeated is the answer as it was, whatever has changed since.
    def store(self, key: KeyOf, answer: Stored) -> None:
        """Keep the answer for everyone who asks again."""
        with self._lock:
            self._uses[key].stored = answer

    def release(self, key: KeyOf) -> None:
        """Forget a claim whose execution never began."""
        with self._lock:
            self._uses.pop(key, None)


def in_use(key: str) -> ApiError:
    """Return a 409: somebody is at work under this key."""
    message = f"There is currently another in-progress request using this idempotency key: {key}."
    return ApiError(409, "idempotency_error", message, code="idempotency_key_in_use")


def _other_use(key: str, *, same_endpoint: bool) -> ApiError:
    what = "parameters" if same_endpoint else "endpoint"
    message = "Keys for idempotent requests can only be used with the same "
    message += f"{what} they were first used with ({key})."
    return ApiError(400, "idempotency_error", message)
