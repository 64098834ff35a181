"""The project's own settings, plus the two views to compare with."""

from payments_project.settings import *  # noqa: F403
from payments_project.settings import INSTALLED_APPS as PROJECT_APPS

ROOT_URLCONF = "benchmarks.urls"
INSTALLED_APPS = [*PROJECT_APPS, "benchmarks"]
