"""Somebody else's project, as `django-admin startproject` makes it, with users of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

from django.conf import settings

# What this project needs for itself, and nobody who takes the apps: there, it can't be imported.
OURS = (
    *("axes", "csp", "django_filters", "django_otp", "django_stubs_ext", "drf_spectacular"),
    *("apprise", "environ", "payments_project", "rest_framework", "whitenoise"),
)

FILES = {
    "people/__init__.py": "",
    "people/models.py": """
        from django.contrib.auth.models import AbstractUser, BaseUserManager
        from django.db import models


        class People(BaseUserManager):
            def create_user(self, email, password=None, **more):
                person = self.model(email=email, **more)
                person.set_password(password)
                person.save()
                return person


        class Person(AbstractUser):
            username = None
            email = models.EmailField(unique=True)
            objects = People()
            USERNAME_FIELD = "email"
            REQUIRED_FIELDS = []
        """,
    "people/admin.py": """
        from django.contrib import admin

        from people.models import Person


        @admin.register(Person)
        class PersonAdmin(admin.ModelAdmin):
            list_display = ("email", "is_staff")
        """,
    "people/views.py": """
        from django.contrib.auth.decorators import login_required
        from django.shortcuts import render


        @login_required
        def home(request):
            return render(request, "people/home.html")
        """,
    "people/templates/people/home.html": "<h1>The shop of {{ user.email }}</h1>",
    "people/templates/registration/login.html": "<h1>Our own login</h1>{{ form }}",
    # One process for many steps: to start each takes longer than the step.
    "steps.py": """
        import json
        import os
        import sys
        from io import StringIO

        import django

        os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
        django.setup()

        from django.apps import apps
        from django.conf import settings
        from django.contrib import admin
        from django.contrib.auth import get_user_model
        from django.core.management import call_command
        from django.test import Client


        def command(*arguments):
            told = StringIO()
            call_command(*arguments, stdout=told, stderr=told)
            return told.getvalue()


        def people():
            people = get_user_model().objects
            people.create_user("customer@example.com", "known-to-tests")
            people.create_user(
                "staff@example.com", "known-to-tests", is_staff=True, is_superuser=True
            )


        def visit(*requests):
            client = Client(SERVER_NAME="localhost")
            answers = [getattr(client, method)(path, data) for method, path, data in requests]
            return [[answer.status_code, answer.content.decode()] for answer in answers]


        def facts():
            screen = type(admin.site.get_model_admin(get_user_model()))
            users = f"{screen.__module__}.{screen.__name__}"
            return {"middleware": settings.MIDDLEWARE, "users": users}


        def acts():
            entries = apps.get_model("webhooks", "AuditEntry").objects
            return list(entries.values_list("action", flat=True))


        steps = json.load(sys.stdin)
        print(json.dumps([globals()[name](*arguments) for name, *arguments in steps]))
        """,
}

SETTINGS = """

INSTALLED_APPS += ["people"]
AUTH_USER_MODEL = "people.Person"
LOGIN_REDIRECT_URL = "/"
# Quick, as the suite is to be.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
"""

URLS = """

from django.contrib.auth.views import LoginView, LogoutView
from people.views import home

urlpatterns += [
    path("", home),
    path("accounts/login/", LoginView.as_view()),
    path("accounts/logout/", LogoutView.as_view(next_page="/")),
]
"""


@dataclass(frozen=True, slots=True)
class ForeignProject:
    """The project's folder, and the environment in which its processes run."""

    folder: Path
    environment: Mapping[str, str]

    def do(self, *steps: Sequence[Any]) -> list[Any]:
        """Take steps in one process, each the name of a function of `steps.py` and its arguments.

        Returns what each returned.
        """
        done = subprocess.run(
            [sys.executable, "steps.py"],
            cwd=self.folder,
            env=self.environment,
            input=json.dumps(steps),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        results: list[Any] = json.loads(done.stdout)
        return results

    def append(self, name: str, lines: str) -> None:
        """Add lines to its settings or its URLs."""
        with (self.folder / "shop" / name).open("a") as file:
            file.write(f"\n{lines}\n")


def make(folder: Path, database: str, *, has_unfold: bool) -> ForeignProject:
    """Make the project.

    `database` is the source of a Django database configuration, or empty for its own SQLite.
    """
    subprocess.run(
        [sys.executable, "-m", "django", "startproject", "shop", str(folder)], check=True
    )
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip())
    absent = OURS if has_unfold else (*OURS, "unfold")
    hidden = "".join(f"sys.modules[{name!r}] = None\n" for name in absent)
    (folder / "sitecustomize.py").write_text(f"import sys\n\n{hidden}")
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    project = ForeignProject(
        folder,
        {
            **kept,
            "PYTHONPATH": os.pathsep.join([str(folder), str(settings.BASE_DIR)]),
            "STRIPE_WEBHOOK_SECRET": settings.STRIPE_WEBHOOK_SECRET,
            "AUDIT_KEY": settings.AUDIT_KEY,
        },
    )
    project.append("settings.py", SETTINGS)
    project.append("urls.py", URLS)
    if database:
        project.append("settings.py", f"DATABASES = {database}")
    if has_unfold:
        unfold = '["unfold", "unfold.contrib.filters", *INSTALLED_APPS]'
        project.append("settings.py", f"INSTALLED_APPS = {unfold}")
    return project
