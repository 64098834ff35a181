"""Measure the receiver against others: `make bench`."""

import os
import secrets
import sys

import django

from benchmarks.load import NoLoadGenerator, find_wrk

# What `.env` says must not change what is measured.
os.environ |= {
    "CELERY_BROKER_URL": "",
    "DATABASE_URL": "",
    "DEBUG": "false",
    "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
    "ENV_FILE": "",
    "REDIS_URL": "",
    "SECRET_KEY": secrets.token_urlsafe(50),
    "STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_urlsafe(24)}",
    "WEBHOOK_PROCESSING": "loop",
}


def main() -> int:
    """Run a session and return its exit status."""
    # Looked for first: without it, minutes of set-up would be for nothing.
    try:
        find_wrk()
    except NoLoadGenerator as missing:
        sys.stderr.write(f"{missing}\n")
        return 1
    django.setup()
    # Models can't be imported before Django is set up.
    from benchmarks.session import run_session

    return run_session()


if __name__ == "__main__":
    sys.exit(main())
