"""The way to a Docker Engine: which one, through what, and whether it still answers."""
