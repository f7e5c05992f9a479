"""What is asked of PostgreSQL by psql: each answer is a line of JSON; and how names and texts stand in SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

PATIENT = (
    "SET statement_timeout=0; SET lock_timeout=0; SET idle_in_transaction_session_timeout=0; "
    "SET default_transaction_read_only=off; "
    "SELECT 'SET transaction_timeout=0' FROM pg_settings WHERE name = 'transaction_timeout' \\gexec\n"
)
"""What the server would end a long session for, and where nobody may write; the last is known from version 17 on."""

WRITING = " options='-c default_transaction_read_only=off'"
"""Behind `database_uri`: whoever restores may write, whatever the database's own settings say."""

TABLESPACES = "SELECT to_json(count(*)) FROM pg_tablespace WHERE spcname !~ '^pg_';"

VERSION = "SELECT to_json(split_part(current_setting('server_version'), ' ', 1));"

DATABASES = """
SELECT json_build_object('name', datname, 'size', pg_database_size(oid), 'main', datname = current_database(),
  'changes', (SELECT tup_inserted + tup_updated + tup_deleted FROM pg_stat_database s WHERE s.datid = d.oid))
FROM pg_database d
WHERE datallowconn AND datconnlimit <> -2 AND NOT datistemplate AND datname !~ '__new_[0-9]{8}T[0-9]{6}$'
ORDER BY datname = current_database() DESC, datname;
"""

NAMES = """
SELECT json_build_array(datname, datconnlimit = -2) FROM pg_database WHERE NOT datistemplate ORDER BY datname;
"""
"""Each database, and whether it is one of BROKEN."""

BROKEN = "SELECT to_json(datname) FROM pg_database WHERE datconnlimit = -2;"
"""Databases of which a DROP DATABASE was cut off: nothing but another one can be done with them."""

LEFT_OUT = """
SELECT json_build_array(datname, datallowconn) FROM pg_database
WHERE (datistemplate OR NOT datallowconn) AND datname NOT IN ('template0', 'template1') AND datconnlimit <> -2
ORDER BY datname;
"""
"""Databases of the user's that are none of `DATABASES`: templates, and those to which nobody may connect."""

FOLDERS = """
SELECT to_json(current_setting('data_directory'));
SELECT to_json(pg_tablespace_location(oid)) FROM pg_tablespace WHERE pg_tablespace_location(oid) <> '';
"""

TABLES = """
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
    AND d.deptype = 'e')
"""
"""Those that hold rows of the user's: no view, no parent of partitions, nothing that an extension brings."""

HAS_TABLES = f"SELECT to_json(EXISTS (SELECT {TABLES}));"

COUNTS = f"""
SELECT format('SELECT json_build_array(%L, count(*)) FROM ONLY %I.%I',
  CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END, n.nspname, c.relname)
{TABLES} ORDER BY n.nspname, c.relname
\\gexec
"""

NEWEST = f"""
SELECT format('SELECT to_json(max(%I)) FROM ONLY %I.%I WHERE %I <= now() HAVING max(%I) IS NOT NULL',
  a.attname, n.nspname, c.relname, a.attname, a.attname)
FROM (SELECT c.oid {TABLES}) AS t JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  AND a.atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype)
  AND a.attname ~* '(creat|updat|modif|insert|chang|^(ts|time|timestamp|at)$)'
\\gexec
"""

LIKE = """
SELECT to_jsonb(d) || jsonb_build_object('owner', pg_get_userbyid(datdba),
  'encoding_name', pg_encoding_to_char(encoding), 'comment', shobj_description(oid, 'pg_database'),
  'rights', (SELECT jsonb_agg(jsonb_build_array(privilege_type,
    CASE grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(grantee) END, is_grantable)) FROM aclexplode(datacl)),
  'settings', (SELECT jsonb_agg(jsonb_build_array(
    CASE setrole WHEN 0 THEN NULL ELSE pg_get_userbyid(setrole) END, c))
    FROM pg_db_role_setting, unnest(setconfig) AS c WHERE setdatabase = d.oid))
FROM pg_database d WHERE datname = {};
"""
"""What belongs to a database, and stands in none of its tables: its owner, locale, rights, settings, comment."""

LOCALE = (
    "encoding_name",
    "datcollate",
    "datctype",
    "datlocprovider",
    "datlocale",
    "daticulocale",
)
"""What of it is about letters and their order."""

SCHEMA_VERSIONS = {
    "alembic_version": "SELECT string_agg(version_num, ',') FROM alembic_version",
    "schema_migrations": "SELECT max(version::text) FROM schema_migrations",
    "flyway_schema_history": (
        "SELECT version FROM flyway_schema_history WHERE success ORDER BY installed_rank DESC LIMIT 1"
    ),
    "_prisma_migrations": "SELECT max(migration_name) FROM _prisma_migrations WHERE finished_at IS NOT NULL",
    "django_migrations": "SELECT app || '.' || name FROM django_migrations ORDER BY id DESC LIMIT 1",
    "knex_migrations": "SELECT name FROM knex_migrations ORDER BY id DESC LIMIT 1",
}
"""How the tables in which tools keep the version of a schema tell it."""


def identifier(name: str) -> str:
    """A name as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def quoted(text: str) -> str:
    """A text as SQL takes it."""
    return "'" + text.replace("'", "''") + "'"


def database_uri(name: str) -> str:
    """A database for `-d`, which would take a name with `=` in it, or one like a URI, for something else."""
    return "dbname='" + name.replace("\\", "\\\\").replace("'", "\\'") + "'"


def grant(line: str) -> str:
    """A line of `pg_dumpall` that makes a role a member of another, for a server with another first superuser.

    From version 16 on nobody but the first may grant without being a member himself, and only that one is let be named.
    """
    plain = re.sub(r" GRANTED BY .*;$", ";", line)
    return f"""DO $do$ BEGIN EXECUTE {quoted(line)};
EXCEPTION WHEN insufficient_privilege THEN EXECUTE {quoted(plain)}; END $do$;"""


def options(like: Mapping[str, Any]) -> str:
    """The options of CREATE DATABASE that make one like another; which there are depends on the server's version."""
    told = [f" OWNER {identifier(like['owner'])}"]
    if not like.get("encoding_name"):
        return told[0]
    told += [f"ENCODING {quoted(like['encoding_name'])}"]
    told += [f"LC_COLLATE {quoted(like['datcollate'])} LC_CTYPE {quoted(like['datctype'])}"]
    locale = like.get("datlocale") or like.get("daticulocale")
    provider = {"i": "ICU", "b": "BUILTIN"}.get(like.get("datlocprovider") or "c")
    if provider and locale:
        told.append(f"LOCALE_PROVIDER {provider.lower()} {provider}_LOCALE {quoted(locale)}")
    return " ".join(told)


def create(name: str, like: Mapping[str, Any]) -> str:
    """The statement that makes an empty database like what `LIKE` tells of one; of nothing, as the server does."""
    return f"CREATE DATABASE {identifier(name)} TEMPLATE template0{options(like) if like else ''};"


def likeness(name: str, like: Mapping[str, Any]) -> list[str]:
    """Statements that give a new database the rights, settings and comment of what `LIKE` tells of one."""
    database = f"DATABASE {identifier(name)}"
    told = [f"REVOKE ALL ON {database} FROM PUBLIC;"] if like.get("datacl") is not None else []
    for right, role, further in like.get("rights") or ():
        given = f"GRANT {right} ON {database} TO {'PUBLIC' if role is None else identifier(role)}"
        told.append(f"{given} WITH GRANT OPTION;" if further else f"{given};")
    settings = like.get("settings") or ()
    told += ["\\set ON_ERROR_STOP 0"] if settings else []  # a newer server may not know one any more
    for role, setting in settings:
        whose = database if role is None else f"ROLE {identifier(role)} IN {database}"
        variable, _, value = setting.partition("=")
        # What is a list of names stands there as SQL takes it.
        value = value if _NAMES.match(variable) else quoted(value)
        told.append(f"ALTER {whose} SET {identifier(variable)} TO {value};")
    told += ["\\set ON_ERROR_STOP 1"] if settings else []
    if comment := like.get("comment"):
        told.append(f"COMMENT ON {database} IS {quoted(comment)};")
    if like.get("datconnlimit", -1) >= 0:
        told.append(f"ALTER {database} CONNECTION LIMIT {like['datconnlimit']};")
    return told


_NAMES = re.compile(r"(search_path|temp_tablespaces|[a-z]+_preload_libraries)$", re.IGNORECASE)
"""Settings whose values are lists of names."""
