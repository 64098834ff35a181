"""Record logins, log-outs and failed logins of staff, where a project asks for it (`connect`).

Customers' are never: the trail can't be erased, and who of them logs in when is personal data.
"""

import threading
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.utils import timezone

from webhooks.audit.chain import record, subject_of
from webhooks.bounded.windows import WindowBudget
from webhooks.database.text import storable
from webhooks.models import AuditEntry

Action = AuditEntry.Action

FAILURES_LISTED: Final = 10
"""The most failed logins that each process records within a window; it counts the others."""

WINDOW: Final = timedelta(minutes=1)


class FailureLimit:
    """Keeps whoever guesses passwords from filling the trail, and from holding its head's lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._budget = WindowBudget(FAILURES_LISTED, WINDOW.total_seconds())
        self._unlisted = 0

    def reset(self) -> None:
        """Start counting from zero."""
        self._budget.reset()
        self._unlisted = 0

    def admit(self, now: datetime) -> int | None:
        """Return how many failures went unrecorded before this one; None to leave it out too."""
        with self._lock:
            self._budget.roll(now.timestamp())
            if not self._budget.spend():
                self._unlisted += 1
                return None
            unlisted, self._unlisted = self._unlisted, 0
            return unlisted


# Counted per process: what goes on record must not depend on Redis.
failures = FailureLimit()


def connect() -> None:
    """Record the logins of staff from now on. Called once, when an app is ready."""
    # The ids keep a second call, as tests make, from recording everything twice.
    user_logged_in.connect(_logged_in, dispatch_uid="webhooks.audit")
    user_logged_out.connect(_logged_out, dispatch_uid="webhooks.audit")
    user_login_failed.connect(_failed, dispatch_uid="webhooks.audit")


def _logged_in(user: Any, **_: Any) -> None:
    _record(Action.LOGIN, user)


def _logged_out(user: Any, **_: Any) -> None:
    _record(Action.LOGOUT, user)


def _record(action: AuditEntry.Action, user: Any) -> None:
    if _is_staff(user):
        record(action, actor=user.get_username(), subject=subject_of(user), now=timezone.now())


def _is_staff(user: Any) -> bool:
    # A user model of a project's own need not know of staff, and nobody is logged out as None.
    return bool(getattr(user, "is_staff", False))


def _failed(credentials: dict[str, Any], **_: Any) -> None:
    now = timezone.now()
    # What was typed in the place of a name may be a password: only an account's name is kept.
    users = get_user_model()
    # Django's login form says "username" whatever the model calls it; other callers may not.
    name = credentials.get(users.USERNAME_FIELD) or credentials.get("username")
    typed = storable(str(name or ""))
    user = users._default_manager.filter(**{users.USERNAME_FIELD: typed}).first()
    # Before it is counted: customers who mistype must not crowd out those who guess at staff.
    if user is not None and not _is_staff(user):
        return
    unlisted = failures.admit(now)
    if unlisted is None:
        return
    details = {"not_listed_before": unlisted} if unlisted else None
    subject = subject_of(user) if user else ""
    record(Action.LOGIN_FAILED, actor="", subject=subject, details=details, now=now)
