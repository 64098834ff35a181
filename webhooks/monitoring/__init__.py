"""Counts, logs and error reports that leak nothing."""
