"""What secrets look like in a text: one list, for what staff see and for what is logged."""

import re
from typing import Final

# Stripe's secrets; what a payer's browser confirms a payment with; the keys of our own API.
_EVERYWHERE: Final = (
    r"\b(?:whsec|whsk|[rse]k_(?:live|test|org))_[^\s'\"\\,;&<>)\]}]+",
    r"\b[a-z]{2,}_\w*?_secret_\w{4,}",
    r"\bpay_[\w-]{43}",
)
IN_PAYLOADS: Final = re.compile(
    # Looser than in logs, where names of modules and settings have this form too.
    "|".join([*_EVERYWHERE, r"\b\w+_secret_\w{4,}"]),
    re.IGNORECASE,
)
IN_LOGS: Final = re.compile(
    "|".join(
        [
            *_EVERYWHERE,
            r"\bv[01]=[\w+/-]{16,}",  # signatures
            r"\b(?:Bearer|Basic|Token)\s+[^\s'\"\\,;]{6,}",
            r"\b(?:sessionid|csrftoken|csrfmiddlewaretoken)['\"]?[=:]\s*['\"]?[\w-]{6,}",
            r"(?<=://)[^\s/@:'\"]*:[^\s/@'\"]+(?=@)",  # who, and with which password, in a URL
            r"\bpassword['\"]?\s?[=:]\s?['\"]?[^\s'\",;)]+",
            r"(?<=Failing row contains \().*",  # all of a row, as PostgreSQL tells it
        ]
    ),
    re.IGNORECASE,
)
LOG_HINTS: Final = (
    *("whs", "k_live_", "k_test_", "k_org_", "_secret_", "pay_", "v1=", "v0=", "://"),
    *("bearer", "basic", "token", "session", "password", "failing row"),
)
"""In small letters; a text with none of them has none of the shapes, as most lines of a log."""
