"""The project's settings, told apart by the environment (`.env` in development)."""

# Core first: it reads `.env`, before any other module reads a variable.
from payments_project.settings.core import *  # noqa: F403, I001
from payments_project.settings.admin import *  # noqa: F403
from payments_project.settings.api import *  # noqa: F403
from payments_project.settings.apps import *  # noqa: F403
from payments_project.settings.celery import *  # noqa: F403
from payments_project.settings.database import *  # noqa: F403
from payments_project.settings.logs import *  # noqa: F403
from payments_project.settings.security import *  # noqa: F403
from payments_project.settings.staff import *  # noqa: F403
