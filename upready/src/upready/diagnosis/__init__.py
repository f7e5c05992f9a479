"""Why is a service not ready? For each replica: what happened, the evidence, and the next step.

evidence   everything that is known about one replica: state, log, health checks, memory, mounts, dependencies
rules/     one cause a module: given the evidence, its `find` returns a finding, or None
log        the end of a container's log, and the error in that log
permanent  failures that waiting cannot mend, for tasks that wait
blame      which service an error is about, and which service waits for which
explain    which replicas are explained, and in which order: the service that others wait for comes first
"""

from upready.diagnosis.explain import error, explain, inspect
from upready.diagnosis.failure import Failure

__all__ = ["Failure", "error", "explain", "inspect"]
