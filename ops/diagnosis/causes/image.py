"""An image that is not there."""

from __future__ import annotations

import re

from ops.diagnosis.case import Case
from ops.diagnosis.failure import Finding

_MISSING = (
    r"the image \S+ (is not there|could not be pulled)"
    r"|No such image|pull access denied|manifest (for [^\n]* )?(unknown|not found)|failed to resolve reference"
    r"|repository [^\n]* not found"
)


def find(case: Case) -> Finding | None:
    """Told by the engine's words."""
    if case.container is not None or not re.search(_MISSING, case.said, re.IGNORECASE):
        return None
    remedy = (
        f"invoke build --service {case.service.name}" if case.service.built else f"docker pull {case.service.image}"
    )
    return Finding("image", f"has no image: {case.service.image} is neither here nor in its registry", remedy)
