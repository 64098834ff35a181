"""A plugin for mutmut's runs of pytest: migrate a database once, for all mutants.

mutmut collects the tests in one process, and forks it for each mutant, one after the other.
SQLite's database is in memory, so each fork has its own. That saves a mutant one second.
"""

import logging
import os
import sys
from functools import _lru_cache_wrapper

import pytest
from mutmut.state import state


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the quickest tests: the first that fails is the last that runs.

    Those that commit stay at the end, as pytest-django has put them: they empty every table.
    """
    took = state().duration_by_test
    items.sort(key=lambda item: (_commits(item), took.get(item.nodeid, 0)))
    if os.environ.get("MUTANT_UNDER_TEST") == "":
        # Without a mutant all have just passed, when mutmut asked which function each test runs.
        del items[1:]


def _commits(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("django_db")
    fixtures = item.fixturenames if isinstance(item, pytest.Function) else ()
    asked = {"live_server", "transactional_db"} & set(fixtures)
    return bool(asked or (mark and mark.kwargs.get("transaction")))


def pytest_runtest_setup() -> None:
    """Begin each test with empty caches: what an earlier one left there would not be called."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("billing.", "webhooks.")):
            for each in vars(module).values():
                if isinstance(each, _lru_cache_wrapper):
                    each.cache_clear()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Make the database where tests are only collected, and let no fork make another."""
    if not session.config.option.collectonly:
        return
    from django.db import connection
    from django.test import utils
    from pytest_django.plugin import blocking_manager_key

    with session.config.stash[blocking_manager_key].unblock():
        utils.setup_databases(verbosity=0, interactive=False)
    if connection.vendor == "postgresql":
        # A fork that shared it would break it for the next.
        connection.close()
    # pytest has closed what the log was written to, and mutmut goes on logging.
    logging.raiseExceptions = False
    utils.setup_databases = lambda *_, **__: []
    utils.teardown_databases = lambda *_, **__: None
