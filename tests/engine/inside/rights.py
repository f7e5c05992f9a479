"""What the API's database role may do, asked from the API's container with what the API is given."""

import json
import os

import psycopg

TRIED = {
    "read a file": "SELECT pg_read_file('/etc/passwd')",
    "run a program": "COPY diagrams (prompt) FROM PROGRAM 'true'",
    "create a database": "CREATE DATABASE more",
    "create a role": "CREATE ROLE more",
    "create a schema": "CREATE SCHEMA more",
    "become the superuser": f"SET ROLE {os.environ['SUPERUSER']}",
    "read passwords": "SELECT rolpassword FROM pg_authid",
    "create a table": "CREATE TABLE own ()",
    "change a table": "ALTER TABLE diagrams ADD COLUMN own int",
}

allowed = []
with psycopg.connect(
    host=os.environ["POSTGRES_HOST"],
    user=os.environ["POSTGRES_USER"],
    password=os.environ["POSTGRES_PASSWORD"],
    dbname=os.environ["POSTGRES_DB"],
    autocommit=True,
) as connection:
    for what, statement in TRIED.items():
        try:
            connection.execute(statement)
            allowed.append(what)
        except psycopg.errors.InsufficientPrivilege:
            pass
    connection.execute("DROP TABLE own")
    connection.execute("ALTER TABLE diagrams DROP COLUMN own")
    rights = "rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls"
    role = connection.execute(f"SELECT {rights} FROM pg_roles WHERE rolname = current_user").fetchone()
    stored = connection.execute("SELECT prompt FROM diagrams").fetchall()
print(json.dumps({"allowed": allowed, "role": role, "prompts": [prompt for (prompt,) in stored]}))
