"""The fixtures that tests of every app share are those of the kit that adopters get."""

pytest_plugins = ["webhooks.testing.plugin"]
