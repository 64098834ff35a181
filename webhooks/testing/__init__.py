"""Realistic, signed deliveries: for tests, trials and demonstrations."""
