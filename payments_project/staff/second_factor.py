"""The second factor of staff: an authenticator's codes, and backup codes for when it is lost."""

import hashlib
import secrets
from base64 import b32encode
from datetime import datetime
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django_otp import devices_for_user
from django_otp.models import Device
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from payments_project.staff import conf
from webhooks.audit import record, subject_of
from webhooks.models import AuditEntry

CODES: Final = 10
CODE_BYTES: Final = 8
NAME: Final = "authenticator"


def is_enrolled(user: User) -> bool:
    """True when an authenticator of the user's has proven itself."""
    return bool(TOTPDevice.objects.devices_for_user(user, confirmed=True).exists())


def is_due(user: User) -> bool:
    """True when the user needs more than a password, and has it or must get it."""
    policy = conf.second_factor()
    if policy is conf.SecondFactor.OPTIONAL:
        return is_enrolled(user)
    return policy is conf.SecondFactor.REQUIRED


def unconfirmed(user: User, key: bytes) -> TOTPDevice:
    """Return an authenticator with a key, to be shown and not to be saved."""
    return TOTPDevice(user=user, name=NAME, key=key.hex(), confirmed=False)


def confirm(
    user: User, key: bytes, token: str, *, now: datetime
) -> tuple[Device, list[str]] | None:
    """Take an authenticator into use, if it shows the right token, with new backup codes.

    These are nowhere else to be had. None for a wrong token, or when there is one in use.
    """
    code = _digits(token)
    totp = TOTP(key)
    totp.time = now.timestamp()
    # One step either way, as for an authenticator in use.
    if code is None or not totp.verify(code, tolerance=TOTPDevice().tolerance):
        return None
    with transaction.atomic():
        _lock(user)
        if is_enrolled(user):
            return None
        # Servers of 0.1.0 may still save what they show.
        TOTPDevice.objects.filter(user=user, confirmed=False).delete()
        device = unconfirmed(user, key)
        # The code was good once: it must not open a session as well.
        device.confirmed, device.last_t, device.drift = True, totp.t(), totp.drift
        device.save()
        codes = _new_codes(user)
        _record(user, "set up", actor=user.get_username(), now=now)
    return device, codes


def prove(user: User, token: str, *, now: datetime) -> Device | None:
    """Return the device that a token or a backup code is right for. A backup code is right once.

    After wrong ones nothing is right for a while, longer each time (`waits_until`).
    """
    # People type codes in groups; backup codes have letters, an authenticator's have not.
    code = "".join(character for character in token.lower() if character.isalnum())
    is_backup = not code.isdecimal()
    kind = StaticDevice if is_backup else TOTPDevice
    with transaction.atomic():
        # Locked: two requests with one code must not both find it unused.
        devices = list(kind.objects.select_for_update().filter(user=user, confirmed=True))
        unlocked = [device for device in devices if device.verify_is_allowed()[0]]
        for device in unlocked:
            if device.verify_token(_digest(code) if is_backup else code):
                if is_backup:
                    _record(user, "backup code used", actor=user.get_username(), now=now)
                return device
        # Not while there is a wait: whoever goes on guessing would fill the trail.
        if unlocked:
            _record(user, "wrong code", actor=user.get_username(), now=now)
    return None


def waits_until(user: User) -> datetime | None:
    """Return until when no code is looked at because of wrong ones, or None."""
    locks = (device.verify_is_allowed() for device in devices_for_user(user))
    return max((lock["locked_until"] for is_allowed, lock in locks if not is_allowed), default=None)


def renew_codes(user: User, *, now: datetime) -> list[str]:
    """Return new backup codes, in the place of all there were."""
    with transaction.atomic():
        _lock(user)
        codes = _new_codes(user)
        _record(user, "new backup codes", actor=user.get_username(), now=now)
    return codes


def remove(user: User, *, actor: str, now: datetime, reason: str = "") -> bool:
    """Forget a user's authenticators and backup codes. True when there were any.

    Sessions that they opened no longer count as proven.
    """
    with transaction.atomic():
        _lock(user)
        had = [device.delete() for device in devices_for_user(user, confirmed=None)]
        if had:
            _record(user, "removed", actor=actor, now=now, reason=reason)
    return bool(had)


def _digits(token: str) -> int | None:
    # People type codes in groups.
    code = "".join(token.split())
    return int(code) if code.isascii() and code.isdecimal() else None


def _new_codes(user: User) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="backup codes")
    codes = [
        b32encode(secrets.token_bytes(CODE_BYTES)).decode().rstrip("=").lower()
        for _ in range(CODES)
    ]
    StaticToken.objects.bulk_create(
        StaticToken(device=device, token=_digest(code)) for code in codes
    )
    return codes


def _digest(code: str) -> str:
    # All that the column holds: 64 bits, as many as are in a code.
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def _lock(user: User) -> None:
    # The user's row stands for devices that may not exist yet, which can't be locked.
    User.objects.select_for_update().get(pk=user.pk)


def _record(user: User, what: str, *, actor: str, now: datetime, reason: str = "") -> None:
    record(
        AuditEntry.Action.SECOND_FACTOR,
        actor=actor,
        now=now,
        subject=subject_of(user),
        details={"what": what, "user": user.get_username()},
        reason=reason,
    )
