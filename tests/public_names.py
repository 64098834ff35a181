"""The names that others go by, as the running code has them: `python -m tests.public_names`.

In a process of its own, where no test has subscribed a handler or defined a model, and with every
optional task of beat's switched on.
"""

import ast
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import django
from celery import Celery
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

SWITCHED_ON: Final = {
    "CELERY_BROKER_URL": "memory://",
    "RECONCILE_BILLING_EVERY_HOURS": "24",
    "RECONCILE_EVERY_MINUTES": "60",
    "STRIPE_API_KEY": "rk_test_good_for_tests_only",
}
"""What the environment says for every optional entry of beat's schedule to be there."""

PACKAGES: Final = ("webhooks", "billing", "payments_project")

Names = dict[str, list[str]]


def current_names() -> Names:
    """Return the names of each kind, sorted. Needs a migrated database, for the gauges."""
    return {kind: sorted(set(names())) for kind, names in KINDS.items()}


def _addresses() -> Iterator[str]:
    yield from _patterns(get_resolver().url_patterns, "")


def _patterns(found: list[URLPattern | URLResolver], prefix: str) -> Iterator[str]:
    for each in found:
        address = f"{prefix}{each.pattern}"
        if isinstance(each, URLResolver):
            yield from _patterns(each.url_patterns, address)
        else:
            # The admin's pattern of its apps has them in the order in which they are installed.
            yield re.sub(r"(?<=<app_label>)[\w|]+", _sorted_alternatives, address)


def _sorted_alternatives(found: re.Match[str]) -> str:
    return "|".join(sorted(found.group().split("|")))


def _variables() -> Iterator[str]:
    from payments_project.environment import declared

    yield from (variable.name for variable in declared())


def _metrics() -> Iterator[str]:
    from django.utils import timezone
    from prometheus_client.metrics import MetricWrapperBase

    from payments_project.metrics import parts
    from webhooks.monitoring import gauges, metrics

    for counted in vars(metrics).values():
        if isinstance(counted, MetricWrapperBase):
            [family] = counted.describe()
            # A counter's family leaves the suffix away that its samples have.
            suffix = "_total" if family.type == "counter" else ""
            yield f"{family.name}{suffix}({', '.join(counted._labelnames)})"
    for gauge in [*gauges.collect(timezone.now()), parts()]:
        yield f"{gauge.name}({', '.join(gauge._labelnames)})"


def _tables() -> Iterator[str]:
    from django.apps import apps

    for model in apps.get_models(include_auto_created=True):
        if _is_ours(model):
            yield model._meta.db_table


def _commands() -> Iterator[str]:
    from django.core.management import get_commands

    yield from (name for name, app in get_commands().items() if app.split(".")[0] in PACKAGES)


def _problem_codes() -> Iterator[str]:
    from rest_framework.exceptions import APIException, ValidationError

    from webhooks.api.problems import answer
    from webhooks.exceptions import Rejected

    yield Rejected.code
    yield from (kind.code for kind in _subclasses(Rejected))
    own = (kind for kind in _subclasses(APIException) if _is_ours(kind))
    yield from (kind.default_code for kind in own if "default_code" in vars(kind))
    response = answer(ValidationError("refused"), {})
    assert response is not None
    yield response.data["code"]
    for call in _calls("Problem"):
        if len(call.args) > 1:
            yield from _texts(call.args[1])


def _check_ids() -> Iterator[str]:
    for source in _sources():
        yield from re.findall(r'\bid="(\w+\.[EW]\d{3})"', source)


def _tasks() -> Iterator[str]:
    yield from (name for name in _celery().tasks if not name.startswith("celery."))


def _beat_entries() -> Iterator[str]:
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        yield f"{name}: {entry['task']}"


def _loggers() -> Iterator[str]:
    """Yield those that alerts and documents name; the others are called as their modules are."""
    for call in _calls("getLogger"):
        yield from (name for argument in call.args for name in _texts(argument))


def _handlers() -> Iterator[str]:
    from webhooks.signals import event_received

    yield from (receiver[0][0] for receiver in event_received.receivers)


def _salts() -> Iterator[str]:
    for call in _calls("salted_hmac"):
        yield from _texts(call.args[0])


KINDS: Final[Mapping[str, Callable[[], Iterator[str]]]] = {
    "addresses": _addresses,
    "environment variables": _variables,
    "metrics": _metrics,
    "tables": _tables,
    "commands": _commands,
    "problem codes": _problem_codes,
    "system checks": _check_ids,
    "Celery tasks": _tasks,
    "beat entries": _beat_entries,
    "loggers": _loggers,
    "handlers": _handlers,
    "salts": _salts,
}
"""How the names of each kind are found, by what tests/public_names.json calls the kind."""


def _subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    for each in kind.__subclasses__():
        yield each
        yield from _subclasses(each)


def _is_ours(kind: type[Any]) -> bool:
    return kind.__module__.split(".")[0] in PACKAGES


def _celery() -> Celery:
    from payments_project.celery import app

    # Tasks are looked for only when a worker starts, or somebody asks.
    app.loader.import_default_modules()
    return app


def _calls(name: str) -> Iterator[ast.Call]:
    """Yield the calls of a function, whatever it is reached by, in the project's own sources."""
    for source in _sources():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and name in (
                getattr(node.func, "id", ""),
                getattr(node.func, "attr", ""),
            ):
                yield node


def _texts(node: ast.expr) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def _sources() -> Iterator[str]:
    for package in PACKAGES:
        for path in sorted((Path(settings.BASE_DIR) / package).rglob("*.py")):
            if "tests" not in path.parts and "testing" not in path.parts:
                yield path.read_text()


def main() -> None:
    """Print the names as tests/public_names.json has them."""
    django.setup()
    # What the project logs of its start is nobody's answer.
    logging.disable()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    print(json.dumps(current_names(), indent=2))  # noqa: T201 - this is what it is run for


if __name__ == "__main__":
    main()
