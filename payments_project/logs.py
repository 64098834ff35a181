"""The form of the log's lines."""

import logging


class OneLine(logging.Formatter):
    """Keeps each message on a line of its own, so that no value in one can pass for another."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        return super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")
