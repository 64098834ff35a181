"""Making, recognising and revoking the API's keys."""

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
"""How every key begins, so that one that got out is recognised for what it is."""

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
    """A new token, and its key, which is nowhere else to be had. `actor` has it made."""
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
    """The valid token that a key belongs to, and that it was used.

    It is looked up by the key's hash: how long that takes tells nothing of any key.
    """
    if not key.startswith(MARK):
        return None
    token = ApiToken.objects.select_related("user").filter(sha256=_digest(key)).first()
    if token is None or not token.is_valid(now) or not token.user.is_active:
        return None
    _note_use(token, now)
    return token


@transaction.atomic
def revoke(token: ApiToken, *, actor: str, now: datetime) -> None:
    """Let a token open nothing from now on. One that was revoked stays as it is."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
        audit.record(
            AuditEntry.Action.TOKEN_REVOKED,
            actor=actor,
            subject=audit.subject_of(token),
            details={"prefix": token.prefix},
            now=now,
        )


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


def _note_use(token: ApiToken, now: datetime) -> None:
    long_ago = now - USE_NOTED_EVERY
    if token.last_used_at is None or token.last_used_at <= long_ago:
        unnoted = Q(last_used_at=None) | Q(last_used_at__lte=long_ago)
        ApiToken.objects.filter(unnoted, pk=token.pk).update(last_used_at=now)
