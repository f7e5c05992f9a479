"""The tasks: `from upready.tasks import ns` in a `tasks.py` gives a project all of them. See `invoke --list`."""

import atexit
import gc

# A task is short and makes little garbage: looking for it during the imports, and among everything there is at the
# end, cost another 110 ms.
gc.set_threshold(100_000)
atexit.register(gc.freeze)

from invoke.collection import Collection  # noqa: E402

from upready.support import bytecode, libraries  # noqa: E402

# invoke switches .pyc files off; without them the imports of a task cost 400 ms a call.
libraries.prefer_installed()
bytecode.keep_outside()

# Whatever is imported from here on is kept compiled.
from upready.support import signals  # noqa: E402

signals.leave(130)

from upready.cli import configuration, invoke_program, positional  # noqa: E402
from upready.commands import (  # noqa: E402
    annotate,
    audit,
    backup,
    build,
    completion,
    config,
    dev,
    diagnose,
    doctor,
    env_check,
    env_diff,
    env_init,
    env_set,
    env_show,
    export,
    health,
    images,
    init,
    logs,
    mcp,
    nodes,
    prod,
    psql,
    releases,
    restart,
    restore,
    rollback,
    schema,
    shell,
    status,
    stop,
    top,
    unlock,
    upgrade,
    watch,
)
from upready.commands import exec as execution  # noqa: E402
from upready.commands import open as opening  # noqa: E402
from upready.commands.command import command  # noqa: E402
from upready.commands.invocation import remainder, would_run  # noqa: E402
from upready.support.errors import UsageError  # noqa: E402

__all__ = ["UsageError", "command", "ns", "remainder", "would_run"]
"""All that this package promises to Python code. The rest of its modules is its own, and may change."""

configuration.check()
invoke_program.install()
positional.explain_words()
positional.allow("diagnose", "service")
positional.allow("annotate", "file")
positional.allow("schema", "task")
positional.allow("shell", "service")
positional.allow("psql", "service")
positional.allow("restore", "backup")
positional.allow("upgrade", "service")
positional.allow("open", "name")
positional.allow("env.set", "assignment")
positional.refuse_more("diagnose", "it takes one service: invoke diagnose {word}")
positional.refuse_more("export", "it takes one word, the format: invoke export kubernetes")
positional.refuse_more("exec", "invoke --help exec")
positional.take_command("exec", "[COMMAND]")
positional.refuse_more("env.set", "it takes one word, NAME=VALUE, or asks for the value: invoke env.set {word}")

ns = Collection(
    dev.dev,
    prod.prod,
    stop.stop,
    restart.restart,
    health.health,
    diagnose.diagnose,
    status.status,
    top.top,
    logs.logs,
    watch.watch,
    build.build,
    config.config,
    images.images,
    export.export,
    execution.execute,
    shell.shell,
    psql.psql,
    releases.releases,
    rollback.rollback,
    backup.backup,
    restore.restore,
    upgrade.upgrade,
    audit.audit,
    unlock.unlock,
    opening.open_,
    nodes.nodes,
    doctor.doctor,
    init.init,
    schema.schema,
    annotate.annotate,
    mcp.mcp,
    completion.completion,
)
ns.add_collection(
    Collection(
        "env",
        env_check.env_check,
        env_init.env_init,
        env_diff.env_diff,
        env_show.env_show,
        env_set.env_set,
    )
)
# Named here, so that INVOKE_OPS_RUNTIME is heard where invoke.yaml does not name it.
ns.configure({"ops": {"runtime": "auto"}})
bytecode.hand_back()
