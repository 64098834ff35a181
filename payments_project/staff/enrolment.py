"""The key of an authenticator that is being set up, until it has proven itself.

It is computed, and stands in no table: the session holds a random number only, which makes a key
together with `SECRET_KEY`, the session's own key and the account's password. So it is of use to one
session, until it is shown anew or the password changes, and to nobody who reads the database.
"""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.utils.crypto import salted_hmac

IN_SESSION: Final = "second_factor_set_up"
NONCE_BYTES: Final = 16
KEY_BYTES: Final = 20
"""160 bits, as RFC 4226 recommends, and every authenticator takes."""


def begin(session: SessionBase, user: User) -> bytes:
    """Return a new key to be shown. The one that was shown before is of no use any more."""
    # The wrong codes stay: or whoever guesses would ask for the page in between.
    state = {**_state(session), "nonce": secrets.token_hex(NONCE_BYTES)}
    session[IN_SESSION] = state
    return _key(session, user, state["nonce"])


def shown_key(session: SessionBase, user: User) -> bytes | None:
    """Return the key that this session was shown last; None when it was shown none."""
    nonce = _state(session).get("nonce")
    return _key(session, user, nonce) if nonce else None


def end(session: SessionBase) -> None:
    """Forget the set-up, done or not."""
    session.pop(IN_SESSION, None)


def note_wrong_code(session: SessionBase, *, now: datetime) -> None:
    """Have the next code wait, twice as long each time."""
    state = _state(session)
    failures = state.get("failures", 0) + 1
    session[IN_SESSION] = {**state, "failures": failures, "failed_at": now.timestamp()}


def waits_until(session: SessionBase, *, now: datetime) -> datetime | None:
    """Return until when no code is looked at because of wrong ones, or None."""
    state = _state(session)
    if not (failures := state.get("failures", 0)):
        return None
    # As long as for an authenticator in use: a second, then two, then four. A session ends after
    # hours, so more doublings than that make no difference.
    wait = timedelta(seconds=2 ** min(failures - 1, 16))
    until = datetime.fromtimestamp(state["failed_at"], UTC) + wait
    return until if now < until else None


def _state(session: SessionBase) -> dict[str, Any]:
    state: dict[str, Any] = session.get(IN_SESSION) or {}
    return state


def _key(session: SessionBase, user: User, nonce: str) -> bytes:
    bound = f"{session.session_key}:{user.pk}:{user.get_session_auth_hash()}:{nonce}"
    digest = salted_hmac("staff.second_factor.set_up", bound, algorithm="sha256").digest()
    return digest[:KEY_BYTES]
