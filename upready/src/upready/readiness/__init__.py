"""Whether services are ready, and waiting until they are."""
