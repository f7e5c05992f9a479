"""Words in, exit code out: how the tasks are called, and how their errors are told."""
