"""Environments with fresh secrets: a `.env` for development, and one like production's."""

import argparse
import os
import re
import secrets
import textwrap
from collections.abc import Mapping
from pathlib import Path

from payments_project.environment import BASE_DIR, VARIABLES, declared
from payments_project.variables import Variable

DEFAULT_PATH = BASE_DIR / ".env"

_HEAD = """\
# Every variable that the settings read. Fill in those that are set to nothing here; the others have
# the defaults that are commented out. For development, `python -m payments_project.dotenv` writes a
# .env with fresh secrets.
"""


def write_dotenv(path: Path = DEFAULT_PATH) -> bool:
    """Write a `.env` for development, readable by its owner alone, unless there is one already.

    Return whether it was written.
    """
    try:
        # Refused where there is one: two that start at once must not get other secrets each.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w") as file:
        file.write(_lines({"DEBUG": "true", **_fresh_secrets()}))
    return True


def production_like() -> str:
    """Return every variable as production would have it, a line each: for checks, not for use."""
    return _lines(
        {variable.name: variable.text for variable in declared()}
        | _fresh_secrets()
        | {
            # No secret may be empty, and left out it would be as the caller's shell has it.
            "METRICS_TOKEN": secrets.token_urlsafe(24),
            "ALERT_URLS": f"json://alerts.example/{secrets.token_hex(12)}",
            "STRIPE_API_KEY": f"rk_live_{secrets.token_hex(12)}",
            "ALLOWED_HOSTS": "payments.example",
            # Checks open the database, and must leave no file behind.
            "DATABASE_PATH": ":memory:",
            "ENV_FILE": "",
            "METRICS_DIR": "data/metrics",
            "STAFF_SECOND_FACTOR": "required",
            "TRUSTED_PROXY_COUNT": "1",
        }
    )


def example() -> str:
    """Return every variable with its meaning and its default, for a file to fill in."""
    return _HEAD + "".join(
        # Not where this very file is.
        f"\n# {title}\n" + "".join(_commented(one) for one in variables if one.name != "ENV_FILE")
        for title, variables in VARIABLES.items()
    )


def _commented(variable: Variable) -> str:
    meaning = "".join(f"# {line}\n" for line in textwrap.wrap(variable.meaning, 96))
    shown = re.fullmatch(r"`(\S+)`", variable.documented_default)
    mark = "" if variable.shown.startswith("required") else "#"
    return f"{meaning}{mark}{variable.name}={shown[1] if shown else variable.text}\n"


def _fresh_secrets() -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "AUDIT_KEY": secrets.token_urlsafe(48),
        "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_urlsafe(24)}",
        # For something to look at of others, too.
        "WEBHOOK_ENDPOINTS": "stripe,telegram,paddle,square",
        "TELEGRAM_WEBHOOK_SECRET": secrets.token_urlsafe(24),
        "PADDLE_WEBHOOK_SECRET": f"pdl_ntfset_{secrets.token_urlsafe(24)}",
        "SQUARE_WEBHOOK_SECRET": secrets.token_urlsafe(24),
        "SQUARE_NOTIFICATION_URL": "http://127.0.0.1:8000/webhooks/square",
    }


def _lines(values: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in values.items())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="payments_project.dotenv", description=__doc__)
    parser.add_argument(
        "--production-like", action="store_true", help="print one like production's, write nothing"
    )
    parser.add_argument("--example", action="store_true", help="print .env.example, write nothing")
    asked = parser.parse_args()
    if asked.production_like:
        print(production_like(), end="")  # noqa: T201 - this is what it is run for
    elif asked.example:
        print(example(), end="")  # noqa: T201
    else:
        write_dotenv()
