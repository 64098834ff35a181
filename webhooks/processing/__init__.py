"""From a recorded event to its effects, exactly once."""
