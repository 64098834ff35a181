"""The project's own settings, plus the two views to compare with."""

from payments_project.environment import env
from payments_project.settings import *  # noqa: F403
from payments_project.settings import INSTALLED_APPS as PROJECT_APPS

ROOT_URLCONF = "benchmarks.urls"
INSTALLED_APPS = [*PROJECT_APPS, "benchmarks"]

if env.bool("UNTUNED", default=False):
    # Django's default: a connection for each request, and no prepared statements.
    DATABASES = {"default": env.db_url("DATABASE_URL")}
