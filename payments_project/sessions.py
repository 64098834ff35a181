"""Sessions in the database, looked up by what can be a session's key only."""

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """Left to itself, Django asks the database for whatever a cookie holds.

    A cookie can hold NUL, at which PostgreSQL's driver raises: anybody could bring a page down.
    """

    def _validate_session_key(self, key: str | None) -> bool:
        return bool(key and key.isascii() and key.isalnum())
