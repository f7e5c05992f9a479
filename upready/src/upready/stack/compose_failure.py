"""What compose or the engine says when it refuses, as one of our errors.

Compose exits with 1 whatever happened, so its words are all there is. They were read in the source of compose 2.24 to
5.6, and tried on compose 5.6 and Docker Engine 28. Compose's own words are about the files (`UsageError`); those of the
engine, and of what should be there and is not, are about the start (`StartError`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from upready.stack import env_file_error
from upready.stack.compose_words import Said
from upready.support import next_step, shell_words
from upready.support.errors import EngineError, EnvFileError, OpsError, StartError, UnhealthyError, UsageError
from upready.support.next_step import AGAIN

IN_THE_FILE = "correct that in its compose file, then: invoke config"
"""The step where nothing better is known."""


def read(said: str, otherwise: type[OpsError] = UsageError) -> OpsError:
    """What a failing compose says, as an error that tells what it is about.

    Args:
        said: What it printed, its progress (`--progress plain`) included.
        otherwise: What it is where its words are new: the files are wrong or, once those have been read, the start is.
    """
    held = Said(said)
    error = next(
        (
            make(match, held)
            for pattern, make in _FAILURES
            if (match := re.search(pattern, held.text, re.IGNORECASE | re.MULTILINE))
        ),
        None,
    ) or _unknown(held.lines, otherwise)
    error.about, error.begun = held.about, bool(held.containers("Starting"))
    return error


def engine(container: str, why: str) -> OpsError:
    """What the engine says of a container that it does not start."""
    return read(f" Container {container} Starting\nError response from daemon: {why}", StartError)


def _unknown(lines: list[str], otherwise: type[OpsError]) -> OpsError:
    if not lines:
        return otherwise("compose failed and said nothing", next=next_step.again("--debug"))
    # What is wrong with a file may take compose a few lines; after progress, the last one counts.
    message, details = (" ".join(lines), []) if len(lines) <= 4 else (lines[-1], lines[-20:-1])
    return otherwise(
        f"compose: {message.replace('false schema', 'is no key that compose knows')}", details=details, next=IN_THE_FILE
    )


def _missing_variable(match: re.Match[str], _: Said) -> OpsError:
    why = (match["why"] or "").strip()
    return EnvFileError(
        f"{match['name']} is required and has no value" + (f": {why}" if why else ""),
        next=f"invoke env.set {match['name']}",
    )


def _missing_content(match: re.Match[str], _: Said) -> OpsError:
    kind, name = match["kind"].replace("file", "secret or config"), match["of"]
    return EnvFileError(
        f"{match['name']} is not set, and the {kind} {name} is made of it", next=f"invoke env.set {match['name']}"
    )


def _broken_env(match: re.Match[str], said: Said) -> OpsError:
    # Compose quotes the line that it stumbles over, which may hold a secret; this does not.
    path = Path(match["path"])
    return env_file_error.read(said.whole, path) or EnvFileError(f"{path.name} cannot be read", next="invoke env.check")


def _missing_env(match: re.Match[str], _: Said) -> OpsError:
    path = Path(match["path"])
    if path.name == ".env":
        return EnvFileError(".env is missing, and a service reads all of it (env_file)", next="invoke env.init")
    return UsageError(
        f"the env_file {path} is not there", next=f"write it, or say `required: false` where it is named, then: {AGAIN}"
    )


def _no_engine(match: re.Match[str], _: Said) -> OpsError:
    return EngineError("the Docker Engine does not answer", details=[match[0].strip()], next="invoke doctor")


def _port_taken(match: re.Match[str], said: Said) -> OpsError:
    port = match["allocated"] or match["bound"] or match["listened"]
    return StartError(
        f"port {port} is already in use" + _wanted_by(said),
        details=[match[0].strip()],
        next=f"stop what uses port {port}, or choose another one, then: {AGAIN}",
    )


def _no_image(match: re.Match[str], _: Said) -> OpsError:
    image = match["image"]
    return StartError(f"the image {image} is not there", next=next_step.either("invoke build", f"docker pull {image}"))


def _not_pulled(match: re.Match[str], said: Said) -> OpsError:
    pulled = re.search(r"^\s+Image\s+(\S+)\s+Error", said.whole, re.MULTILINE)
    image = pulled[1] if pulled else "of a service"
    return StartError(
        f"the image {image} could not be pulled",
        details=[match[0].strip()],
        next=next_step.either(
            f"docker pull {image}" if pulled else "",
            f"check its name, and that its registry answers (a login, a proxy), then: {AGAIN}",
        ),
    )


def _dependency(match: re.Match[str], _: Said) -> OpsError:
    kind = UnhealthyError if "unhealthy" in match[0] else StartError
    return kind(f"a service that others wait for failed: {match[0].strip()}", next="invoke diagnose")


def _no_health_check(match: re.Match[str], _: Said) -> OpsError:
    return UsageError(
        f"compose: {match[0].strip()}",
        next=f"give that service a healthcheck, or wait for it with condition: service_started, then: {AGAIN}",
    )


def _external(match: re.Match[str], _: Said) -> OpsError:
    kind = "network" if match["network"] else "volume"
    return StartError(
        f"compose: {match[0].strip()}", next=f"docker {kind} create {match['network'] or match['volume']}"
    )


def _only_in_a_swarm(match: re.Match[str], _: Said) -> OpsError:
    kind, name = match["kind"], match["name"]
    return UsageError(
        f"compose: {match[0].strip()}: only a swarm keeps {kind}s",
        next=f"give {name} file: or environment: instead of external: (top-level {kind}s: there), then: {AGAIN}",
    )


def _in_the_file(match: re.Match[str], _: Said) -> OpsError:
    beside = f"set start_period beside start_interval in its healthcheck, then: {AGAIN}"
    return UsageError(f"compose: {match[0].strip()}", next=beside if "start_interval" in match[0] else IN_THE_FILE)


def _network(match: re.Match[str], _: Said) -> OpsError:
    name, why = match["name"], _line(match["why"])
    if re.search(r"overlaps?\b", why, re.IGNORECASE):
        remedy = next_step.either(f"choose another subnet for network {name}, then: {AGAIN}", "docker network ls")
    elif re.search(r"address pools?|predefined", why, re.IGNORECASE):
        remedy = "docker network prune"
    elif plugin := re.search(r"plugin \"(?P<plugin>[^\"]+)\" not found", why):
        remedy = _driver("network", name, plugin["plugin"])
    else:
        remedy = f"correct network {name} in its compose file, then: {AGAIN}"
    return StartError(f"failed to create network {name}: {why}", next=remedy)


def _driver(kind: str, name: str, plugin: str) -> str:
    change = f"correct the driver: of {kind} {name}, then: {AGAIN}"
    return next_step.either(change, f"docker plugin install {plugin}")


def _volume(match: re.Match[str], _: Said) -> OpsError:
    name, plugin = match["name"], match["plugin"]
    return StartError(
        f"failed to create volume {name}: {_line(match['why'])}",
        next=_driver("volume", name, plugin),
    )


def _hook(match: re.Match[str], _: Said) -> OpsError:
    """The last lines of the hook come behind its status; compose before 5.6 does not tell them."""
    output = (match["why"] or "").strip().splitlines()
    last = f": {output[-1].strip()}" if output else ""
    return StartError(
        f"the post_start hook of {match['name']} exited with status {match['code']}{last}",
        details=output[:-1],
        next=f"correct post_start: of {match['name']}, then: {AGAIN}",
    )


def _pre_start(match: re.Match[str], __: Said) -> OpsError:
    """As above; compose keeps the container that the hook ran in."""
    why, _, kept = match["why"].strip().partition("(hook container ")
    output = why.strip().splitlines()
    last = f": {output[-1].strip()}" if output else ""
    look = f"docker logs {kept.split()[0]}" if kept else ""
    return StartError(
        f"the pre_start hook of {match['name']} exited with code {match['code']}{last}",
        details=output[:-1],
        next=next_step.either(look, f"correct pre_start: of {match['name']}, then: {AGAIN}"),
    )


def _program(match: re.Match[str], _: Said) -> OpsError:
    what = match["provider"] or "the Docker Model plugin"
    step = f"install {what}, which compose runs for this service, then: {AGAIN}"
    return StartError(f"compose: {match[0].strip()}", next=step)


def _name_taken(match: re.Match[str], said: Said) -> OpsError:
    name = match["name"].lstrip("/")
    return StartError(
        f"a container did not start{_wanted_by(said)}: {_line(match[0])}",
        next=next_step.either(f"docker rm --force {name}", f"choose another container_name, then: {AGAIN}"),
    )


def _not_started(match: re.Match[str], said: Said) -> OpsError:
    why = _line(match["why"])
    remedy = next((words for pattern, words in _REMEDIES if re.search(pattern, why)), IN_THE_FILE)
    found = re.search(r"bind source path does not exist: (.*)", why)
    if found:
        folder = shell_words.make_command(Path(found[1]))
        remedy = next_step.either(folder, f"correct the path in its compose file, then: {AGAIN}")
    return StartError(f"a container did not start{_wanted_by(said)}: {why}", next=remedy)


_REMEDIES = (
    (
        r"invalid (volume|mount)|mount path must be absolute",
        f"write it as ./folder:/path/in/the/container, or name:/path/in/the/container, then: {AGAIN}",
    ),
    # Compose stumbles over its own order; with nothing there, it makes everything anew. The data stays.
    (r"marked for removal and cannot be connected", shell_words.in_turn("invoke stop", AGAIN)),
    (r"non running container|is not running|No such container", "invoke status"),
    (r"[Nn]o space left on device", next_step.either("docker builder prune", "docker system df")),
)


def _line(text: str) -> str:
    """Some lines as one."""
    return " ".join(line.strip().removeprefix("Error response from daemon: ") for line in text.splitlines()).strip()


def _wanted_by(said: Said) -> str:
    """Whom compose was busy with when it failed."""
    if services := [each for each in said.about if each.startswith("service ")]:
        return f" ({services[0]})"
    names = [each.removeprefix("container ") for each in said.about if each.startswith("container ")]
    return f" ({', '.join(names)})" if names else ""


_FAILURES: tuple[tuple[str, Callable[[re.Match[str], Said], OpsError]], ...] = (
    (r"failed to read (?P<path>[^\n]*?): (line \d+:|required variable|invalid template)", _broken_env),
    (r"env file (?P<path>[^\n]*) not found: ", _missing_env),
    (r"required variable (?P<name>\w+) is missing a value(: (?P<why>[^\n]*))?", _missing_variable),
    (
        r"environment variable \"(?P<name>\w+)\" required by (?P<kind>secret|config|file) \"(?P<of>[^\"\n]*)\"",
        _missing_content,
    ),
    (
        r"[^\n]*(failed to|cannot) connect to the docker (API|daemon)[^\n]*|error during connect[^\n]*"
        r"|[^\n]*permission denied while trying to connect to the docker[^\n]*"
        r"|[^\n]*context \"[^\"\n]*\": context not found[^\n]*",
        _no_engine,
    ),
    (
        r"^network \"?(?P<network>[^\s\"]+)\"? declared as external, but could not be found"
        r"|^external volume \"(?P<volume>[^\"\n]+)\" not found",
        _external,
    ),
    (r"^unsupported external (?P<kind>secret|config) (?P<name>\S+)", _only_in_a_swarm),
    (r"^failed to create network (?P<name>[^\s:]+): (?P<why>[\s\S]*)", _network),
    (
        r"(?P<why>create (?P<name>\S+): error looking up volume plugin (?P<plugin>[^\s:]+): [\s\S]*)",
        _volume,
    ),
    (r"^(?P<name>[\w.-]+) hook exited with status (?P<code>\d+)(: (?P<why>[\s\S]*))?", _hook),
    (
        r"^service \"(?P<name>[^\"\n]+)\" pre_start\[\d+\] exited with code (?P<code>\d+):?(?P<why>[\s\S]*)",
        _pre_start,
    ),
    (
        # A container has it; a process has it (Engine 28); the same on older engines and on Docker Desktop.
        r"Bind for [^\n]*:(?P<allocated>\d+) failed: port is already allocated"
        r"|failed to bind host port (for )?(\[[^\]\n]*\]|[\d.]+):(?P<bound>\d+)[^\n]*: address already in use[^\n]*"
        r"|listen (tcp|udp)[46]? (\[[^\]\n]*\]|[\d.]+)?:(?P<listened>\d+): bind: (?!cannot assign|permission)[^\n]*",
        _port_taken,
    ),
    (r"No such image: (?P<image>\S+)", _no_image),
    (
        r"[^\n]*(pull access denied|manifest[^\n]* (unknown|not found)|failed to resolve reference"
        r"|no matching manifest|/v2/[^\n]*\": )[^\n]*",
        _not_pulled,
    ),
    (r"[^\n]*container \S+ has no healthcheck configured[^\n]*", _no_health_check),
    (r"dependency failed to start: [^\n]*|service \"[^\n]*\" didn't complete successfully[^\n]*", _dependency),
    (
        r"^exec: \"(?P<provider>[^\"\n]+)\": executable file not found[^\n]*"
        r"|^[^\n]*support requires Docker Model plugin[^\n]*",
        _program,
    ),
    (r"Conflict\. The container name \"(?P<name>[^\"\n]+)\" is already in use[^\n]*", _name_taken),
    (
        r"^healthcheck\.start_interval requires healthcheck\.start_period[^\n]*"
        r"|^invalid (subnet|ip-range|gateway|auxiliary|DNS|IPv[46]|link-local|MAC|security-opt)[^\n]*"
        r"|^opening seccomp profile [^\n]*|^Docker Compose does not support [^\n]*",
        _in_the_file,
    ),
    (r"Error response from daemon: (?P<why>[\s\S]*)", _not_started),
)
"""In the order in which they are tried; the first that matches tells."""
