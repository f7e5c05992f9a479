"""What the compose files describe: read by compose itself, and typed."""
