"""PostgreSQL's next major version, in the volume that the data are in: made beside them, then put in their place.

All programs run in containers that compose makes of the service, with the old image or the new one, as the owner of the
data. One that loses its task (killed, cut off) ends by itself: its input ends.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from upready.data import postgres_queries as queries
from upready.data.postgres import ENVIRONMENT, Server
from upready.data.postgres_queries import database_uri
from upready.support import pipes
from upready.support.pipes import Call, Readable

Run = Callable[[str, Sequence[str]], Call]
"""How a shell script with some words is run in a new container of the service."""

_START = """
export PGHOST=/tmp PGPORT=5432
serve() {
  options="-c listen_addresses= -c unix_socket_directories=/tmp -c port=5432"
  pg_ctl -D "$1" -o "$options" -l /tmp/upgrade.log -t 600 -w start >/dev/null && return
  cat /tmp/upgrade.log >&2
  exit 1
}
"""
"""Starts a server that nobody else reaches, whatever port the settings of the service give."""

_SERVE = f"""
PGDATA=$1
export PGDATA
shift
{ENVIRONMENT}
{_START}
serve "$PGDATA"
code=0
"$@" || code=$?
pg_ctl -D "$PGDATA" -m fast -t 600 -w stop >/dev/null || code=1
exit $code
"""

_FILL = f"""
{ENVIRONMENT}
new=$1 old=$2 needed=$3 counts=$4
set -e
free=$(df -Pk "$(dirname "$new")" | awk 'NR == 2 {{ print $4 }}')
[ "$free" -gt "$needed" ] || {{ echo "no space: $free kB are free, and $needed kB are needed" >&2; exit 28; }}
rm -rf "$new"
initdb -D "$new" -U "$PGUSER" --auth=trust ${{POSTGRES_INITDB_ARGS:-}} >/dev/null
{_START}
serve "$new"
psql -Xq -v ON_ERROR_STOP=1 -d postgres >/dev/null
vacuumdb --all --analyze-only --quiet
for name in $(psql -XAtq -d postgres -c "SELECT oid FROM pg_database WHERE datallowconn AND NOT datistemplate"); do
  base=$(psql -XAtq -d postgres -c "SELECT datname FROM pg_database WHERE oid = $name")
  psql -XAtq -d postgres -c "SELECT to_json(datname) FROM pg_database WHERE oid = $name"
  printf '%s' "$counts" | PGDATABASE="$base" psql -XAtq -v ON_ERROR_STOP=1
done
pg_ctl -D "$new" -m fast -t 600 -w stop >/dev/null
cp -p "$old/pg_hba.conf" "$old/pg_ident.conf" "$new/"
sync
"""

_SWAP = """
set -e
cd "$1"
kept=$2 new=$3 old=$4 target=$5 mark=.upgraded
names() { ls -A "$1" | grep -vx -e 'before_[0-9]*' -e '[.]upgrade[^/]*' -e 'lost+found' || true; }
# One that was cut off has left how far it came, and which data were the old ones.
case $(sed -n 1p "$mark" 2>/dev/null) in
  1) old=$(sed -n 2p "$mark") step=1 ;;
  2) step=2 ;;
  *) step=0 ;;
esac
if [ $step != 2 ]; then
  [ -d "$new" ] || { echo "there is no $new" >&2; exit 3; }
  [ $step = 1 ] || printf '1\\n%s\\n' "$old" >"$mark"
  sync
  mkdir -p -m 700 "$kept"
  if [ -n "$old" ]; then [ ! -e "$old" ] || mv "$old" "$kept/data"
  else
    # First what tells the version: without it nobody takes what is left for whole data.
    [ ! -e PG_VERSION ] || mv PG_VERSION "$kept/"
    names . | while IFS= read -r each; do mv "./$each" "$kept/"; done
  fi
  sync
  echo 2 >"$mark"
  sync
fi
if [ -d "$new" ]; then
  if [ -n "$target" ]; then mkdir -p "$(dirname "$target")"; mv "$new" "$target"
  else
    ls -A "$new" | grep -vx PG_VERSION | while IFS= read -r each; do mv "$new/$each" ./; done
    [ ! -e "$new/PG_VERSION" ] || mv "$new/PG_VERSION" ./
    rmdir "$new"
  fi
fi
sync
rm -f "$mark"
"""

_REMOVE = 'cd "$1" && shift && rm -rf -- "$@"'
_FORGET = 'cd "$1" && ls -d before_[0-9]* 2>/dev/null || true; rm -rf before_[0-9]* .upgrade_*'

_LOCK = f"""
SELECT format('LOCK TABLE %s IN EXCLUSIVE MODE', string_agg(format('%I.%I', n.nspname, c.relname), ', '))
{queries.TABLES} HAVING count(*) > 0
\\gexec
"""
"""Whoever reads is not held up; whoever writes waits."""


@dataclass(frozen=True)
class Folders:
    """Where everything is in the container.

    Attributes:
        volume: Where the volume is.
        old: The data folder that is there, relative to the volume; empty where it is the volume itself.
        target: The same of the new version.
        version: The new major version.
    """

    volume: str
    old: str
    target: str
    version: int

    @property
    def new(self) -> str:
        """The folder in which the new data are made, relative to the volume."""
        return f".upgrade_{self.version}"

    @property
    def kept(self) -> str:
        """The folder in which the old data stay, relative to the volume."""
        return f"before_{self.version}"

    def path(self, inside: str) -> str:
        """A folder of the volume as a path of the container."""
        return f"{self.volume}/{inside}".rstrip("/")


def ended_server(run: Run, folders: Folders) -> Server:
    """The old server, where it does not run: it is started for each program, and reached by nobody else."""

    def call(words: Sequence[str]) -> Call:
        data = folders.path(folders.old)
        return run(_SERVE, [data, *words])

    return Server(call, in_container=True)


@contextlib.contextmanager
def frozen(server: Server, database: str) -> Iterator[Callable[[], None]]:
    """Let nobody write to a database during the block; who reads is not held up.

    Gives a function that makes sure that nobody could until then: the server may have ended the session, and the locks
    with it. It raises `ProgramError`, with the server's words.
    """
    words = ("psql", "-XAtq", "--no-password", "-v", "ON_ERROR_STOP=1", "-d", database_uri(database))
    with pipes.child(server.program(*words)) as session:

        def hold(sql: str) -> None:
            # The server answers, not psql: that one learns only by asking that its session has ended.
            pipes.write_whole(session.stdin, f"{sql}SELECT 'held';\n".encode())
            if session.stdout.readline().strip() != b"held":
                session.wait()

        hold(f"{queries.PATIENT}SET lock_timeout = '60s'; BEGIN;\n{_LOCK}")
        yield lambda: hold("")


def fill(
    run: Run, folders: Folders, dump: Readable, user: str, needed: int, tell: Callable[[int], None]
) -> dict[str, dict[str, int]]:
    """Make the new data of a dump of the old server (`pg_dumpall`); returns the rows of each table, by database.

    Args:
        run: Runs in the new image.
        folders: Where.
        dump: What `pg_dumpall` writes.
        user: The superuser, whom the new data have from the beginning.
        needed: Bytes that must be free.
        tell: Told of the number of bytes that have come.

    Raises:
        ProgramError: PostgreSQL refuses something, or there is no space.
    """
    words = [folders.path(folders.new), folders.path(folders.old), str(needed // 1024), queries.COUNTS]
    with pipes.child(run(_FILL, words)) as running:
        for piece in without_role(pipes.pieces(dump), user):
            pipes.write_whole(running.stdin, piece)
            tell(len(piece))
        running.stdin.close()
        said = b"".join(pipes.pieces(running.stdout)).decode()
    found: dict[str, dict[str, int]] = {}
    for line in said.splitlines():
        answer = json.loads(line)
        if isinstance(answer, str):
            found[answer] = {}
        else:
            found[list(found)[-1]][answer[0]] = answer[1]
    return found


def swap(run: Run, folders: Folders) -> None:
    """Put the new data in the place of the old, which stay in a folder of the volume.

    Names are changed and nothing is copied, so that it takes no time. Where it was cut off, it goes on. The old server
    must not run.

    Raises:
        ProgramError: It could not be done.
    """
    words = [folders.volume, folders.kept, folders.new, folders.old, folders.target]
    pipes.output(run(_SWAP, words))


def discard(run: Run, folders: Folders) -> None:
    """Remove new data that were not put in the place of the old."""
    pipes.output(run(_REMOVE, [folders.volume, folders.new]))


def forget(run: Run, volume: str) -> list[str]:
    """Remove the old data, and what an upgrade that was cut off has left; returns the folders that held old data."""
    return pipes.output(run(_FORGET, [volume])).decode().split()


def differing(old: Mapping[str, Mapping[str, int]], new: Mapping[str, Mapping[str, int]]) -> list[str]:
    """The tables that do not have the same number of rows in both, in words."""
    wrong = []
    for database, rows in old.items():
        there = new.get(database, {})
        for table in sorted({*rows, *there}):
            if rows.get(table) != there.get(table):
                wrong.append(f"{database}, {table}: {rows.get(table)} rows, and {there.get(table)} in the new version")
    return wrong


def without_role(pieces: Iterator[bytes], user: str) -> Iterator[bytes]:
    """A dump of a whole server without the making of one role, which is there already."""
    quoted = {user.encode(), b'"' + user.replace('"', '""').encode() + b'"'}
    head = b""
    for piece in pieces:
        head += piece
        if b"\n\\connect " in head or len(head) > 1 << 24:
            break
    lines = head.split(b"\n")
    made = {b"CREATE ROLE " + name + b";" for name in quoted}
    yield b"\n".join(line for line in lines if line not in made)
    yield from pieces
