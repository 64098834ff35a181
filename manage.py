#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

from django.core.management import execute_from_command_line

from webhooks.monitoring.logs import tell_crash

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payments_project.settings")
    sys.excepthook = tell_crash
    execute_from_command_line(sys.argv)
