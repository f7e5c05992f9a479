"""The stack as containers of a Docker Engine."""
