"""A deployment of real processes, to which everything happens that can happen to one."""
