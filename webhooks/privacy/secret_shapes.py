"""What secrets look like in a text: one list, for what staff see and for what is logged."""

import re
from typing import Final

_HOSTS: Final = "billing|checkout|connect|files|hooks|invoice|pay(?:ments)?|verify"
_NAMES: Final = (
    r"(?:api|access|private)[_-]?key|credentials?|csrf\w{0,20}|jwt|pass(?:code|phrase|wd|word)"
    r"|sessionid|secret|token|(?<![a-z0-9])(?:otp|pin|pwd)"
)
_SHAPES: Final = re.compile(
    "|".join(
        [
            # Stripe's secrets; what a payer's browser confirms a payment with; our own API's keys.
            r"(?<![a-z0-9])(?:whsec|whsk|[rse]k_(?:live|test|org))_[^\s'\"\\,;&<>)\]}]+",
            r"\b[a-z]{2,}_\w*?_secret_\w{4,}",
            # Names of modules and settings have this form too, without digits and not as long.
            r"\b\w+_secret_(?=\w{16}|\w{0,15}\d)\w{4,}",
            r"\bpay_[\w-]{43}",
            # Stripe's pages that let their bearer in.
            rf"(?<![\w.-])(?:(?:https?:)?//)?(?:{_HOSTS})\.stripe\.com(?::\d+)?/[^\s'\"\\<>]+",
            r"\bv[01]=[\w+/-]{16,}",  # signatures
            r"(?<![\w-])eyJ[\w-]{6,}+(?:\.[\w-]*){2,4}",  # JSON web tokens
            r"\b(?:Bearer|Basic|Token)\s+[^\s'\"\\,;]{6,}",
            r"(?<=://)[^\s/@:'\"]*:[^\s/@'\"]+(?=@)",  # who, and with which password, in a URL
            # What is assigned to such a name: in a URL, in JSON, in a setting.
            rf"(?:{_NAMES})(?:=|\\?['\"]\s?[:=]\s?)\\?['\"]?[^\s'\",;&#)\\<>{{\[]+",
            r"(?:password|sessionid|csrftoken)\s?[=:]\s?[^\s'\",;)]+",
            r"(?<=[?&])(?:auth|code|key|sig(?:nature)?)=[^\s'\"&#\\<>]+",
            r"(?<=Failing row contains \().*",  # all of a row, as PostgreSQL tells it
        ]
    ),
    re.IGNORECASE,
)
_HINTS: Final = (
    *(
        "whs",
        "k_live_",
        "k_test_",
        "k_org_",
        "_secret_",
        "pay_",
        "v1=",
        "v0=",
        "://",
        ".stripe.com",
        "eyj",
    ),
    *("bearer", "basic", "token", "sess", "csrf", "pass", "secret", "key", "pwd", "pin", "otp"),
    *("jwt", "credential", "auth=", "code=", "sig", "failing row"),
)
"""In small letters; a text with none of them has none of the shapes, as most lines of a log."""


def hide_secrets(text: str, mark: str) -> str:
    """Return a text with a mark in the place of whatever looks like a secret."""
    small = text.lower()
    return _SHAPES.sub(mark, text) if any(hint in small for hint in _HINTS) else text
