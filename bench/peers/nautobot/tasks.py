"""Tasks in the style of Nautobot's: compose through a shell, then a look at each port every 15 s, four times.

What a port does not answer is said, and the task ends with 0 all the same. `COMPOSE` is compose's command, `PORTS` the
ports that are looked at.
"""

import os
import socket
import time

from invoke import task

TRIES, PAUSE = 4, 15


def compose(context, words):
    """Run compose with the project's files."""
    return context.run(f"{os.environ['COMPOSE']} {words}", pty=False)


def answers(port):
    """Whether something listens there."""
    with socket.socket() as asked:
        asked.settimeout(1)
        return asked.connect_ex(("127.0.0.1", port)) == 0


@task
def start(context):
    """Start the stack in the background, and look whether it listens."""
    compose(context, "up --detach")
    for port in map(int, os.environ.get("PORTS", "").split()):
        for _ in range(TRIES):
            if answers(port):
                print(f"port {port} answers")
                break
            print(f"port {port} does not answer yet")
            time.sleep(PAUSE)


@task
def ps(context):
    """Show what runs."""
    compose(context, "ps")


@task
def stop(context):
    """Stop the stack."""
    compose(context, "down")
