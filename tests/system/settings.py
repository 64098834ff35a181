"""The project's settings, with an endpoint that is not set up yet, beside Stripe's."""

import os
from pathlib import Path

from payments_project.settings import *  # noqa: F403
from payments_project.settings import STATIC_ROOT, WEBHOOK_ENDPOINTS

WEBHOOK_ENDPOINTS = {
    **WEBHOOK_ENDPOINTS,
    "unset": {"provider": "stripe", "secrets_setting": "WEBHOOK_SECRET_OF_NOBODY"},
}
WEBHOOK_SECRET_OF_NOBODY = ""
# It is what would otherwise keep the server from starting.
SILENCED_SYSTEM_CHECKS = ["webhooks.E001"]

# The pages' files are collected for a test, and not into the tree.
STATIC_ROOT = Path(os.environ.get("STATIC_FOLDER", STATIC_ROOT))
