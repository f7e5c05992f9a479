"""The commands, one a file: each reads its options, makes one call, and has `report` print the result."""
