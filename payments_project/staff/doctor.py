"""What `doctor` asks of this project, which is no app, and of its staff."""

from collections.abc import Iterator

from webhooks.doctor import Examined, Finding, configuration, examines


@examines(configuration.GROUP)
def examine_settings(_: Examined) -> Iterator[Finding]:
    """Yield what is missing in this project's settings, or opens to strangers what is closed."""
    yield from configuration.checked("staff", "payments_project")
