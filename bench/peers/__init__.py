"""What a user would pick instead of a task: small programs of our own that do it in the way of others."""
