"""Alerts: conditions that need somebody, found by rules, and messages that tell somebody."""
