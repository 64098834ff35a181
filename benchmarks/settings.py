"""The project's own settings, plus the two views to compare with."""

import os

from payments_project.reading import database
from payments_project.settings import *  # noqa: F403
from payments_project.settings import INSTALLED_APPS as PROJECT_APPS

ROOT_URLCONF = "benchmarks.urls"
INSTALLED_APPS = [*PROJECT_APPS, "benchmarks"]

if os.environ.get("UNTUNED") == "true":
    # Django's default: a connection for each request, and no prepared statements.
    DATABASES = {"default": database(os.environ["DATABASE_URL"])}
