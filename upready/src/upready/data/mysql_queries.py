"""What is asked of MySQL and MariaDB: each answer is a line of JSON; and how names and texts stand in their SQL."""

from __future__ import annotations

PATIENT = """
SET SESSION sql_mode='', lock_wait_timeout=600;
/*M!100101 SET SESSION max_statement_time=0 */;
/*!50708 SET SESSION max_execution_time=0 */;
/*!80000 SET SESSION information_schema_stats_expiry=0 */;
/*!80017 SET SESSION print_identified_with_as_hex=1 */;
"""

DATABASES = """
SELECT JSON_ARRAY(s.schema_name, (SELECT CAST(COALESCE(SUM(t.data_length + t.index_length), 0) AS UNSIGNED)
  FROM information_schema.tables t WHERE t.table_schema = s.schema_name))
FROM information_schema.schemata s
WHERE s.schema_name NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys', 'ndbinfo',
    'mysql_innodb_cluster_metadata')
  AND NOT s.schema_name REGEXP '__new_[0-9]{8}T[0-9]{6}$'
ORDER BY s.schema_name;
"""

HALF = """
SELECT JSON_ARRAY(schema_name) FROM information_schema.schemata
WHERE schema_name REGEXP '__new_[0-9]{8}T[0-9]{6}$';
"""
"""Databases that a restore began and could not end."""

PARTS = """
SELECT JSON_ARRAY(table_type, table_name) FROM information_schema.tables WHERE table_schema = {0}
UNION ALL SELECT JSON_ARRAY('TRIGGER', trigger_name) FROM information_schema.triggers WHERE trigger_schema = {0}
UNION ALL SELECT JSON_ARRAY(routine_type, routine_name) FROM information_schema.routines WHERE routine_schema = {0}
UNION ALL SELECT JSON_ARRAY('EVENT', event_name) FROM information_schema.events WHERE event_schema = {0};
"""
"""What a database has, as (kind, name)."""

COUNT = "SELECT JSON_ARRAY({}, COUNT(*)) FROM {};"
NEWEST = "SELECT JSON_ARRAY(CAST(MAX({0}) AS CHAR)) FROM {1} WHERE {0} <= NOW();"
VALUES = "SELECT JSON_ARRAY({}) FROM {};"
CONNECTED = "SELECT id FROM information_schema.processlist WHERE db IN ({}) AND id <> CONNECTION_ID();"

TIMES = """
SELECT JSON_ARRAY(c.table_name, c.column_name) FROM information_schema.columns c
JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
WHERE c.table_schema = {} AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
  AND c.data_type IN ('datetime', 'timestamp')
  AND c.column_name REGEXP '(creat|updat|modif|insert|chang|^(ts|time|timestamp|at)$)';
"""

FOLDERS = (
    "SELECT JSON_ARRAY(@@datadir, @@innodb_data_home_dir, @@innodb_log_group_home_dir, @@innodb_undo_directory, "
    "@@log_bin_basename);"
)

CHARACTERS = """
SELECT CONCAT('ALTER DATABASE CHARACTER SET ', default_character_set_name, ' COLLATE ', default_collation_name, ';')
FROM information_schema.schemata WHERE schema_name = {};
"""

ACCOUNTS = """
SELECT JSON_ARRAY(user, host) FROM mysql.user
WHERE host <> '' AND user NOT IN ('', 'root', 'mysql', 'mysql.sys', 'mysql.session', 'mysql.infoschema', 'mariadb.sys',
  'healthcheck');
"""

ROLES = "SELECT JSON_ARRAY(user) FROM mysql.user WHERE is_role = 'Y' ORDER BY user;"
"""The roles of MariaDB, which are no users there."""

SCHEMA_VERSIONS = {
    "alembic_version": "GROUP_CONCAT(version_num)",
    "schema_migrations": "MAX(version)",
    "flyway_schema_history": "SUBSTRING_INDEX(GROUP_CONCAT(version ORDER BY installed_rank DESC), ',', 1)",
    "_prisma_migrations": "MAX(migration_name)",
    "django_migrations": "SUBSTRING_INDEX(GROUP_CONCAT(CONCAT(app, '.', name) ORDER BY id DESC), ',', 1)",
    "knex_migrations": "SUBSTRING_INDEX(GROUP_CONCAT(name ORDER BY id DESC), ',', 1)",
    "migrations": "SUBSTRING_INDEX(GROUP_CONCAT(migration ORDER BY id DESC), ',', 1)",
}
"""How the tables in which tools keep the version of a schema tell it."""


def identifier(*names: str) -> str:
    """A name as SQL takes it, or a database and one of its tables."""
    return ".".join("`" + name.replace("`", "``") + "`" for name in names)


def quoted(text: str) -> str:
    """A text as SQL takes it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def account(user: str, host: str) -> str:
    """A user as SQL takes it."""
    return f"{quoted(user)}@{quoted(host)}"
