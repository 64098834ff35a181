"""Create, recognise and revoke API tokens."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q

from webhooks import audit
from webhooks.models import ApiToken, AuditEntry, Scope
from webhooks.models.tokens import PREFIX_LENGTH

MARK: Final = "pay_"
"""The beginning of every key, by which scanners and people recognise one that leaked."""

RANDOM_BYTES: Final = 32
USE_NOTED_EVERY: Final = timedelta(minutes=1)


@transaction.atomic
def create(
    user: AbstractBaseUser,
    *,
    name: str,
    scopes: Iterable[Scope],
    actor: str,
    now: datetime,
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Create a token, and return it with its key, of which only a hash is stored."""
    key = MARK + secrets.token_urlsafe(RANDOM_BYTES)
    token = ApiToken.objects.create(
        user_id=user.pk,
        name=name,
        prefix=key[:PREFIX_LENGTH],
        sha256=_digest(key),
        scopes=sorted({scope.value for scope in scopes}),
        created_at=now,
        expires_at=expires_at,
    )
    audit.record(
        AuditEntry.Action.TOKEN_MADE,
        actor=actor,
        subject=audit.subject_of(token),
        details={"user": user.get_username(), "prefix": token.prefix, "scopes": token.scopes},
        now=now,
    )
    return token, key


def recognise(key: str, *, now: datetime) -> ApiToken | None:
    """Return the valid token of a key, and note that it was used; None when there is none."""
    # Looked up by the key's hash: how long that takes says nothing of any key.
    if not key.startswith(MARK):
        return None
    token = ApiToken.objects.select_related("user").filter(sha256=_digest(key)).first()
    if token is None or not token.is_valid(now) or not token.user.is_active:
        return None
    _note_use(token, now)
    return token


@transaction.atomic
def revoke(token: ApiToken, *, actor: str, now: datetime) -> None:
    """Revoke a token. One that was revoked before keeps its time."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
        audit.record(
            AuditEntry.Action.TOKEN_REVOKED,
            actor=actor,
            subject=audit.subject_of(token),
            details={"prefix": token.prefix},
            now=now,
        )


def _digest(key: str) -> str:
    # A plain hash will do: keys are random and long, so none can be guessed from it.
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


def _note_use(token: ApiToken, now: datetime) -> None:
    # Not with every call: a busy program would write its token's row a hundred times a second.
    long_ago = now - USE_NOTED_EVERY
    if token.last_used_at is None or token.last_used_at <= long_ago:
        unnoted = Q(last_used_at=None) | Q(last_used_at__lte=long_ago)
        ApiToken.objects.filter(unnoted, pk=token.pk).update(last_used_at=now)
