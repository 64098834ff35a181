"""The project's settings, with an endpoint that is not set up yet, beside Stripe's."""

from payments_project.settings import *  # noqa: F403
from payments_project.settings import WEBHOOK_ENDPOINTS

WEBHOOK_ENDPOINTS = {
    **WEBHOOK_ENDPOINTS,
    "unset": {"provider": "stripe", "secrets_setting": "WEBHOOK_SECRET_OF_NOBODY"},
}
WEBHOOK_SECRET_OF_NOBODY = ""
# It is what would otherwise keep the server from starting.
SILENCED_SYSTEM_CHECKS = ["webhooks.E001"]
