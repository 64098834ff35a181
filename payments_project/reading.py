"""Reads environment variables as they are declared, and refuses what could be misread.

No value is expanded: `$` in a secret is a part of it, in the environment, in a file and in the
passwords of addresses alike.
"""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import environ
from django.core.exceptions import ImproperlyConfigured

from payments_project.addresses import problem_of
from payments_project.environment import declared
from payments_project.variables import REQUIRED, ValueType, Variable

_BY_NAME: Final = {variable.name: variable for variable in declared()}

_SWITCHES: Final = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}

_DIGITS: Final = re.compile(r"\s*-?[0-9]+\s*")
_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_FORMATS: Final = ("text", "json")

_LINE: Final = re.compile(r"(?:export )?[A-Za-z_][A-Za-z_0-9]*=.*|#.*|\s*")


def read(name: str, *, default: Any = None) -> Any:
    """Return the value of a declared variable, or its default.

    `default` goes before the declared one, where it depends on another setting. Raises `KeyError`
    for a variable that nobody declared, and `ImproperlyConfigured` for a required one that is not
    set, an empty secret, an address that can't be read, and a text that is not of the
    variable's kind.
    """
    return read_as(_BY_NAME[name], default)


def read_as(variable: Variable, default: Any = None) -> Any:
    """Return the value of a variable that is named for an endpoint; see `read`."""
    name = variable.name
    # Not by django-environ: it takes a value that begins with $ for another variable's name, and
    # a token that begins with one became empty, which opened what it was to close.
    text = os.environ.get(name)
    if text is None:
        value = variable.default if default is None else default
        if value is REQUIRED:
            raise ImproperlyConfigured(
                f"{name} is not set. Set the environment variable {name}; for development, "
                "`python -m payments_project.dotenv` writes a file .env with all that is needed."
            )
        return list(value) if variable.type is ValueType.LIST else value
    if variable.secret and not text.strip():
        raise ImproperlyConfigured(_emptied(variable))
    if variable.type is ValueType.ADDRESS and text and (problem := problem_of(name, text)):
        raise ImproperlyConfigured(f"{name} {problem}")
    try:
        return _CASTS[variable.type](text)
    except (KeyError, ValueError):
        raise ImproperlyConfigured(
            # Without the text: it may be a secret that was put into the wrong place.
            f"{name} is no {variable.type}. {_FIXES[variable.type]}"
        ) from None


def read_file(path: str) -> None:
    """Take variables from a file into the environment, where they aren't set yet.

    The default file may be missing, any other must be there. Raises `ImproperlyConfigured` for a
    line that would be passed over: what it was to set would silently be as if it were not set.
    """
    if not path:
        return
    try:
        lines = Path(path).read_text().splitlines()
    except FileNotFoundError:
        if path == _BY_NAME["ENV_FILE"].default:
            return
        raise ImproperlyConfigured(
            f"ENV_FILE is {path}, where there is no file. Name one, or leave ENV_FILE out."
        ) from None
    for number, line in enumerate(lines, start=1):
        if not _LINE.fullmatch(line):
            # Without the line: it may hold a secret.
            raise ImproperlyConfigured(
                f"{path}, line {number}: this sets nothing. Write NAME=value, without spaces "
                "before the name or around the =, or begin the line with #."
            )
    environ.Env.read_env(path)


def database(url: str) -> dict[str, Any]:
    """Return a database's address as Django's settings have it."""
    config: dict[str, Any] = environ.Env.db_url_config(url)
    return config


def _emptied(variable: Variable) -> str:
    name = variable.name
    fix = f"Set {name} to its value"
    # Only these have a meaning when they are left out; for AUDIT_KEY that is so in development.
    if variable.default is not REQUIRED and not name.endswith("_WEBHOOK_SECRET"):
        fix += ", or take the variable away altogether"
    return (
        f"{name} is set, and empty. Was it filled in from a variable or a file that is empty, or "
        f"did a shell expand a $ in it? {fix}."
    )


def _number(text: str) -> int:
    # By digits alone: Python's own reading takes 3_0 for 30, and the digits of every script.
    if not _DIGITS.fullmatch(text):
        raise ValueError
    return int(text)


_CASTS: Final[Mapping[ValueType, Callable[[str], Any]]] = {
    ValueType.TEXT: str,
    ValueType.ADDRESS: str,
    ValueType.NUMBER: _number,
    # By these words alone: a slip must not be one more way to say false.
    ValueType.SWITCH: lambda text: _SWITCHES[text.strip().lower()],
    ValueType.LEVEL: lambda text: _LEVELS[_LEVELS.index(text.strip().upper())],
    ValueType.FORMAT: lambda text: _FORMATS[_FORMATS.index(text.strip().lower())],
    ValueType.LIST: lambda text: [part for each in text.split(",") if (part := each.strip())],
}
_FIXES: Final[Mapping[ValueType, str]] = {
    ValueType.NUMBER: "Write digits.",
    ValueType.SWITCH: "Write true or false.",
    ValueType.LEVEL: "Write DEBUG, INFO, WARNING or ERROR.",
    ValueType.FORMAT: "Write text or json.",
}
