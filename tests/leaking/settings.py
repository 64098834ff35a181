"""The project's settings, with an app that leaks."""

from payments_project.settings import *  # noqa: F403
from payments_project.settings import INSTALLED_APPS as PROJECT_APPS

INSTALLED_APPS = [*PROJECT_APPS, "tests.leaking"]
ROOT_URLCONF = "tests.leaking.urls"
