"""Where a stack runs: as containers of a Docker Engine, or as processes of this machine."""
