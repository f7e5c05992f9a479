"""Why is a service not ready? One story each: what happened, the evidence, and the next step.

case       everything that is known of one replica: state, log, health checks, memory, mounts, what it waits for
causes/    the usual causes, one a small unit: given a case, it either recognises itself or it does not
trace      tracebacks in a log, and whose code their frames are; checkout: which file of the user's that is
hopeless   what waiting cannot heal, for those who wait
blame      whom a refusal is about, and who waits for whom
story      which replicas have a story to tell, and in which order: what others wait for comes first
"""

from upready.diagnosis.explain import error, explain, inspect
from upready.diagnosis.failure import Failure

__all__ = ["Failure", "error", "explain", "inspect"]
