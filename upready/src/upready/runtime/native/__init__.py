"""The stack as processes of this machine, if there is no Docker Engine.

What a service runs is in its compose entry, under `x-ops.native`; docs/native.md shows the form. Each service has a
supervisor, a small process of its own that outlives the task: it keeps the log and the exit code, and nothing else.
"""
