"""Personal data: what it is, how it is masked, erased and kept for a time."""
