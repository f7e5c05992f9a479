# The AI service. Built from the repository's root; .dockerignore lets in what is copied below and nothing else.
# syntax is the engine's own: no frontend image has to be fetched.

# The base images, so that a private mirror's can be named.
ARG PYTHON_IMAGE=python:3.13-slim
ARG NODE_IMAGE=node:24-alpine

# --- builder: the dependencies, at the lock's versions and hashes, in a virtual environment ----------------
FROM ${PYTHON_IMAGE} AS builder

# pip stays outside: it installs into the environment but is no part of it.
RUN python -m venv --without-pip /opt/venv
COPY requirements/app.txt /tmp/app.txt
# Bytecode is never checked against its source at run time: both are read-only there.
# hadolint ignore=DL3003
RUN --mount=type=cache,target=/root/.cache/pip,sharing=locked \
    pip --python /opt/venv/bin/python --disable-pip-version-check --quiet \
        install --require-hashes --no-deps --no-compile --requirement /tmp/app.txt \
 && cd /opt/venv/lib/python3.*/site-packages \
 # What no run needs, 28 MB: test suites, C++ sources, ReDoc, SQLAlchemy's accelerators (they have a Python twin), its other
 # databases, the openai SDK's other APIs, and of OpenTelemetry all but traces. That what is left still works is seen at once.
 && find . -type d \( -name tests -o -name testing \) -prune -exec rm -rf {} + \
 && find . \( -name '*.pyi' -o -name '*.[ch]pp' -o -name 'redoc.*.js' -o -path './sqlalchemy/*.so' \) -delete \
 && find openai -type d \( -name admin -o -name beta -o -name live -o -name realtime \) -prune -exec rm -rf {} + \
 && rm -rf sqlalchemy/dialects/mysql sqlalchemy/dialects/mssql sqlalchemy/dialects/oracle \
        opentelemetry/sdk/metrics opentelemetry/sdk/_logs \
 && find opentelemetry/semconv -name '*.py' ! -name '__init__.py' ! -name 'otel_*' ! -name 'e*_attributes.py' -delete \
 && python -m compileall -q -j 0 --invalidation-mode unchecked-hash . \
 && /opt/venv/bin/python -c 'import alembic.command, fastapi_offline, mcp, openai.resources.chat, opentelemetry.sdk.trace.export, psycopg, sqlalchemy.ext.asyncio'

# --- sources: the service itself ---------------------------------------------------------------------------
FROM ${PYTHON_IMAGE} AS sources
# The list of diagram types, which the MCP server has.
COPY docker/mcp-server/src/diagram_types.json /app/docker/mcp-server/src/
COPY app /app/app
RUN python -m compileall -q --invalidation-mode unchecked-hash /app/app

# --- page: the page at /, of the same locked Mermaid as the validator's ------------------------------------
FROM ${NODE_IMAGE} AS page
WORKDIR /src/page
COPY docker/mcp-server/install.mjs /src/docker/mcp-server/
COPY docker/mcp-server/pnpm /src/docker/mcp-server/pnpm
COPY page/package.json page/pnpm-lock.yaml ./
RUN --mount=type=cache,target=/root/.npm \
    --mount=type=cache,target=/var/cache/pnpm \
    node ../docker/mcp-server/install.mjs --prod --store-dir=/var/cache/pnpm/store --cache-dir=/var/cache/pnpm/cache
COPY page/build.mjs ./
COPY page/src src
RUN node build.mjs

# --- runtime -----------------------------------------------------------------------------------------------
FROM ${PYTHON_IMAGE} AS runtime

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    # There are none; looking for them among all packages would take a twelfth of the start.
    PYDANTIC_DISABLE_PLUGINS=__all__ \
    UVICORN_LOG_CONFIG=/app/app/logging.json \
    UVICORN_HTTP=app.protocol:BoundedProtocol \
    # Docker's init tells every process to stop: uvicorn's parent process would tell its workers half a second late.
    TINI_KILL_PROCESS_GROUP=1

WORKDIR /app
# pip goes, wherever a base keeps it, and what could bring it back. The base's own apt and dpkg stay: other packages of
# the base stand on them, and nobody but root could use them.
RUN find / -xdev \( -path '*/bin/pip*' -o -path '*-packages/pip*' -o -name 'pip-*.whl' -o -name ensurepip \) \
        -prune -exec rm -rf {} + \
 && useradd --uid 10001 --user-group --no-create-home --home-dir /app --shell /usr/sbin/nologin app
# Linked: neither is laid on top of the other, so a change of one leaves the other as it is.
COPY --link --from=builder /opt/venv /opt/venv
# Beside the package, over which development mounts its sources.
COPY --link --from=page /src/page/dist /app/page/dist
COPY --link --from=sources /app /app

USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --start-interval=0.25s --retries=3 \
    CMD ["python", "-S", "-m", "app.healthcheck"]
CMD ["python", "-m", "app.serve", "app.main:app", "--host=0.0.0.0", "--port=8000"]

# Last: they change with every commit, and must not make anything above build again.
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=
LABEL org.opencontainers.image.title="ba-copilot-ai-service" \
      org.opencontainers.image.description="Mermaid diagrams, validated and written by a language model" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
