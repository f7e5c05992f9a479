"""The task library: run, watch and explain a compose stack, whatever the stack is.

Nothing here names a service, a port or an image. What the stack is stands in its compose files (with `x-ops:` keys),
how the tasks behave in `invoke.yaml`, what a user may set in `.env.example`.
"""
