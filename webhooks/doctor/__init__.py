"""`doctor`: whether this project is set up rightly, and what to do where it is not.

Each app's examinations are in its module `doctor`, found by that name.
"""

from importlib import import_module

from webhooks.doctor.findings import Examined, Finding, State
from webhooks.doctor.registry import examine_all, examines

# For what they register, in the order in which it is shown.
for own in ("configuration", "stripe", "deliveries", "rules", "verification"):
    import_module(f"webhooks.doctor.{own}")

__all__ = ["Examined", "Finding", "State", "examine_all", "examines"]
