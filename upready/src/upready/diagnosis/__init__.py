"""Why is a service not ready? One story each: what happened, the evidence, and the next step.

evidence   everything that is known of one replica: state, log, health checks, memory, mounts, what it waits for
rules/     the usual causes, one a file: given the evidence, a rule recognises its cause or it does not
hopeless   what waiting cannot mend, for those who wait
blame      which service a refusal is about, and which service waits for which
explain    which replicas are explained, and in which order: what others wait for comes first
"""

from upready.diagnosis.explain import error, explain, inspect
from upready.diagnosis.failure import Failure

__all__ = ["Failure", "error", "explain", "inspect"]
