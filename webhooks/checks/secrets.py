"""System checks of secrets: those that prove nothing, and those that are in the wrong place.

No message tells a secret, or a part of one.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as Caution

from webhooks import conf
from webhooks.checks.strength import LEAST, LEAST_OF_A_KEY, Weakness, weakness

_API_KEY: Final = re.compile(r"(?:sk|rk|pk)_(?:live|test)_")

_MAKE: Final = (
    "Set {} to a secret of its own: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
)
_FIXES: Final[Mapping[str, str]] = {
    "AUDIT_KEY": _MAKE.format("AUDIT_KEY"),
    "AUDIT_KEY_FALLBACKS": "Take it out of AUDIT_KEY_FALLBACKS; to go on verifying what it signed, "
    "add webhooks.W030 to SILENCED_SYSTEM_CHECKS.",
    "METRICS_TOKEN": _MAKE.format("METRICS_TOKEN"),
}

Secrets = dict[str, tuple[str, ...]]


def check_secrets(**_: Any) -> list[CheckMessage]:
    """Return a problem for each secret that can't be what it should be."""
    return [*_check_forms(), *_check_endpoints(), *_check_repeats(), *_check_own()]


def check_strength(**_: Any) -> list[CheckMessage]:
    """Return a problem for each secret that is good for trials only (`check --deploy`)."""
    return list(_check_guessable())


def _of_endpoints() -> Secrets:
    # By setting: two endpoints that read the same one share its secrets on purpose.
    return {each.secrets_setting: each.secrets for each in conf.endpoints()}


def _own() -> Secrets:
    """Return the secrets that no provider makes, as they are used."""
    found = {
        "SECRET_KEY": (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS),
        "AUDIT_KEY": (conf.setting("AUDIT_KEY"),),
        "AUDIT_KEY_FALLBACKS": tuple(conf.setting("AUDIT_KEY_FALLBACKS")),
        "METRICS_TOKEN": (conf.setting("METRICS_TOKEN"),),
    }
    stripped = {name: tuple(map(str.strip, secrets)) for name, secrets in found.items()}
    return {name: tuple(filter(None, secrets)) for name, secrets in stripped.items()}


def _held() -> Secrets:
    # How strong Django's key is, is the project's to say: this app does not ask for it by name.
    return _of_endpoints() | {name: each for name, each in _own().items() if name != "SECRET_KEY"}


def _fix(setting: str) -> str:
    return _FIXES.get(
        setting,
        f"Set {setting} to the secret that the provider shows for this endpoint, for Stripe one "
        "that begins with whsec_.",
    )


def _check_forms() -> Iterator[CheckMessage]:
    for setting, secrets in _held().items():
        for found in [weakness(secret, least=0) for secret in secrets]:
            if found is Weakness.QUOTED:
                yield Error(
                    f"A secret in {setting} {found}, which would be part of it.",
                    hint="Take away what does not belong to it.",
                    id="webhooks.E024",
                )
            elif found is Weakness.PLACEHOLDER:
                yield Error(
                    f"{setting} holds a placeholder: whoever guesses it has what it should keep.",
                    hint=_fix(setting),
                    id="webhooks.E020",
                )


def _check_guessable() -> Iterator[CheckMessage]:
    for setting, secrets in _held().items():
        is_key = setting.startswith("AUDIT_KEY")
        least = LEAST_OF_A_KEY if is_key else LEAST
        if any(weakness(secret, least=least) is Weakness.GUESSABLE for secret in secrets):
            told = (
                f"A secret in {setting} could be guessed: it {Weakness.GUESSABLE}. It needs "
                f"{least} characters at least."
            )
            # The audit trail's has a number of its own: to be weighed, and silenced, by itself.
            if is_key:
                yield Caution(told, hint=_fix(setting), id="webhooks.W030")
            else:
                yield Caution(told, hint=_fix(setting), id="webhooks.W020")


def _check_endpoints() -> Iterator[CheckMessage]:
    # The provider knows its signing secrets: with ours among them, it could sign sessions as well.
    own = {secret: name for name, secrets in _own().items() for secret in secrets}
    for endpoint in conf.endpoints():
        setting, fix = endpoint.secrets_setting, _fix(endpoint.secrets_setting)
        for secret in endpoint.secrets:
            # The first that fits, for each secret: the later ones would only repeat its message.
            if weakness(secret, least=0) in (Weakness.QUOTED, Weakness.PLACEHOLDER):
                continue
            if _API_KEY.match(secret):
                yield Error(
                    f"{setting} holds a key to Stripe's API, which signs no delivery.",
                    hint=fix,
                    id="webhooks.E021",
                )
            elif secret in own:
                yield Error(
                    f"A secret in {setting} is also the {own[secret]}: each needs its own.",
                    hint=fix,
                    id="webhooks.E023",
                )
            elif endpoint.provider == "stripe" and not secret.startswith("whsec_"):
                yield Caution(
                    f"A secret in {setting} doesn't begin with whsec_, as Stripe's do.",
                    hint=fix,
                    id="webhooks.W021",
                )


def _check_repeats() -> Iterator[CheckMessage]:
    settings_read = _of_endpoints()
    for setting, secrets in settings_read.items():
        if len(set(secrets)) < len(secrets):
            yield Caution(
                f"{setting} holds the same secret more than once.",
                hint="Name each secret once, the current one first.",
                id="webhooks.W022",
            )
    shared = Counter(secret for secrets in settings_read.values() for secret in set(secrets))
    if names := [
        setting
        for setting, secrets in settings_read.items()
        if any(shared[secret] > 1 for secret in secrets)
    ]:
        yield Caution(
            f"{' and '.join(names)} share a secret: "
            "what was signed for one endpoint would be taken at another.",
            hint="Give each endpoint the secret that the provider shows for it.",
            id="webhooks.W022",
        )


def _check_own() -> Iterator[CheckMessage]:
    own = _own()
    of_sessions = set(own["SECRET_KEY"])
    of_the_trail = {*own["AUDIT_KEY"], *own["AUDIT_KEY_FALLBACKS"]}
    if of_sessions & of_the_trail:
        yield Error(
            "AUDIT_KEY is the same as SECRET_KEY, or one's former key as the other: whoever learns "
            "how sessions are signed could rewrite the audit trail.",
            hint=_FIXES["AUDIT_KEY"],
            id="webhooks.E030",
        )
    if {*own["METRICS_TOKEN"]} & (of_sessions | of_the_trail | {conf.setting("STRIPE_API_KEY")}):
        yield Error(
            "METRICS_TOKEN is also another secret, which whoever reads metrics would have.",
            hint=_FIXES["METRICS_TOKEN"],
            id="webhooks.E023",
        )
