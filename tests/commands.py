"""This project's commands and their options, as their parsers have them."""

import argparse
from collections.abc import Iterator

from django.core.management import find_commands, get_commands, load_command_class
from django.core.management.base import BaseCommand

from tests.documents import ROOT

OUR_APPS = ("webhooks", "billing", "payments_project.staff")


def our_commands() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each of our commands, or of each action of those that have several."""
    there = {name: app for name, app in get_commands().items() if app in OUR_APPS}
    assert there.keys() == {
        name
        for app in OUR_APPS
        for name in find_commands(str(ROOT / app.replace(".", "/") / "management"))
    }
    return {
        command: parser
        for name, app in there.items()
        for command, parser in _actions(
            name, load_command_class(app, name).create_parser("manage.py", name)
        )
    }


def _actions(
    name: str, parser: argparse.ArgumentParser
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    several = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    if not several:
        yield name, parser
    for one in several:
        for action, own in one.choices.items():
            yield f"{name} {action}", own


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    """Return a command's own options, and its positional arguments in capitals, in the singular."""
    # What every command of Django's takes, such as --verbosity, is nobody's own.
    common = BaseCommand().create_parser("manage.py", "any")
    shared = {option for action in common._actions for option in action.option_strings}
    own = {option for action in parser._actions for option in action.option_strings} - shared
    positional = {
        str(action.metavar or action.dest).upper()
        for action in parser._actions
        if not action.option_strings
    }
    return own | {name.removesuffix("S") if name.endswith("IDS") else name for name in positional}
