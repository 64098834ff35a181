"""Accounts of staff: groups, second factor, lock-outs."""
