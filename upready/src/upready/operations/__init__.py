"""What the tasks do. An operation returns data, and calls back with what it has to say meanwhile."""
