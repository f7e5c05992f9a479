"""A MariaDB and a Redis as images of their names: of Debian's packages, with entry points as the official ones have."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.engine.scene import connected
from upready.data.archive import Reader, Writer

_MARIADB = r"""#!/bin/sh
set -e
value() {
  eval "found=\${$1:-} file=\${$1_FILE:-}"
  [ -n "$found" ] || [ -z "$file" ] || found=$(cat "$file")
  printf '%s\n' "$found"
}
case ${1:-} in '' | -*) ;; *) exec "$@" ;; esac
data=/var/lib/mysql
if [ ! -d $data/mysql ]; then
  mariadb-install-db --user=mysql --datadir=$data --skip-test-db >/dev/null
  mariadbd --user=mysql --datadir=$data --skip-networking &
  server=$!
  until mariadb-admin ping --silent 2>/dev/null; do sleep 0.1; done
  mariadb <<SQL
ALTER USER root@localhost IDENTIFIED BY '$(value MARIADB_ROOT_PASSWORD | sed "s/'/''/g")';
CREATE DATABASE IF NOT EXISTS \`$(value MARIADB_DATABASE | sed 's/^$/none/')\`;
SQL
  MYSQL_PWD=$(value MARIADB_ROOT_PASSWORD) mariadb-admin shutdown
  wait $server
fi
exec mariadbd --user=mysql --datadir=$data --bind-address=0.0.0.0 "$@"
"""

_REDIS = r"""#!/bin/sh
set -e
case ${1:-} in '' | -*) set -- redis-server "$@" ;; esac
case $1 in redis-server) chown -R redis /data; exec setpriv --reuid=redis --regid=redis --clear-groups "$@" ;; esac
exec "$@"
"""

_DOCKERFILE = f"""\
FROM debian:trixie-slim AS mariadb
RUN apt-get update -qq \\
 && apt-get install -yqq --no-install-recommends mariadb-server >/dev/null \\
 && rm -rf /var/lib/apt/lists/* /var/lib/mysql/*
COPY <<"END" /entrypoint
{_MARIADB}
END
RUN chmod +x /entrypoint && mkdir -p /run/mysqld && chown mysql /run/mysqld
VOLUME /var/lib/mysql
ENTRYPOINT ["/entrypoint"]

FROM debian:trixie-slim AS redis
RUN apt-get update -qq \\
 && apt-get install -yqq --no-install-recommends redis-server >/dev/null && rm -rf /var/lib/apt/lists/*
COPY <<"END" /entrypoint
{_REDIS}
END
RUN chmod +x /entrypoint
WORKDIR /data
VOLUME /data
EXPOSE 6379
ENTRYPOINT ["/entrypoint"]
"""


@contextmanager
def image(family: str) -> Iterator[str]:
    """An image of `mariadb` or `redis` for the block: its name."""
    name = f"test-{uuid.uuid4().hex[:8]}/{family}:1"
    line = ["docker", "buildx", "build", "-q", "--load", "-t", name, "--target", family, "-"]
    subprocess.run(line, input=_DOCKERFILE.encode(), check=True, capture_output=True, timeout=600)
    try:
        yield name
    finally:
        connected().client.api.remove_image(name, force=True)


def altered(backup: Path, target: Path, *, version: str = "", rows: dict[str, int] | None = None) -> None:
    """Copy a backup whose checksums are right, and whose manifest tells something else of its first part."""
    with Reader(backup) as reader, Writer(target) as writer:
        first, *others = reader.manifest.parts
        for part in reader.manifest.parts:
            members = [part.roles, *(name for each in part.items for name in (each.member, each.definitions))]
            for name in filter(None, members):
                with writer.member(name) as write:
                    write(reader.member(name).read())
        item, *items = first.items
        told = replace(item, rows={**item.rows, **(rows or {})})
        changed = replace(first, version=version or first.version, items=(told, *items))
        writer.finish(replace(reader.manifest, parts=(changed, *others)))
