"""The words with which compose and the engine refuse, and what each of them means.

Compose exits with 1 whatever happened, so its words are all there is. They were read in the source of compose 2.24 to
5.6, and tried on compose 5.6 and Docker Engine 28.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from upready.support import next_step, shell_words
from upready.support.errors import EngineError, EnvFileError, OpsError, UsageError
from upready.support.next_step import AGAIN

_FileKind = Literal["variable", "env file", "engine", "file", "other"]
_NetworkKind = Literal["network", "network setting", "subnet", "endpoint", "volume", "port", "port denied"]
_ImageKind = Literal["image", "image name", "platform", "registry silent", "registry denied", "not in registry"]
_ContainerKind = Literal[
    "container", "container name", "mount", "mount syntax", "mount target", "program", "dependency"
]
Kind = Literal[_FileKind, _NetworkKind, _ImageKind, _ContainerKind, "post_start", "pre_start"]
"""What was refused."""

ERRORS: Mapping[Kind, type[OpsError]] = {
    "variable": EnvFileError,
    "env file": EnvFileError,
    "engine": EngineError,
    "file": UsageError,
    "network setting": UsageError,
}
"""The class of error of a kind; that of the others is StartError."""

_HOST = r"(?:\[[^\]\n]*\]|[\d.]+)"

_NOT_PULLED = (
    r"(?:pull access denied|manifest[^\n]* (?:unknown|not found)|failed to resolve reference"
    r"|repository [^\n]* not found|no matching manifest|/v2/[^\n]*\": )"
)
_SILENT = (
    r"(?:no such host|server misbehaving|Temporary failure in name resolution|i/o timeout|TLS handshake timeout"
    r"|connection refused|connection reset|network is unreachable|no route to host|deadline exceeded|Client\.Timeout"
    r"|proxyconnect|x509:|certificate|: EOF|request canceled|50[234] )"
)
_NO_PULL = "the image {image} could not be pulled"
_PULL = next_step.either(
    "docker pull {image}", f"check its name, and that its registry answers (a login, a proxy), then: {AGAIN}"
)
_STOP = "stop what uses port {port}, or choose another one, then: " + AGAIN
_MAKE = next_step.either("{make}", f"correct the path in its compose file, then: {AGAIN}")
_NO_NETWORK = "failed to create network {network}: {why}"


def _engine(words: str) -> str:
    """The pattern of an answer of the engine that holds these words."""
    return rf"Error response from daemon: (?P<why>[\s\S]*{words}[\s\S]*)"


def _network(words: str) -> str:
    """The pattern of a network that the engine does not make, for a reason that holds these words."""
    return rf"^failed to create network (?P<network>[^\s:]+): (?P<why>[\s\S]*{words}[\s\S]*)"


WORDS: tuple[tuple[Kind, str, str, str], ...] = (
    ("env file", r"failed to read (?P<path>[^\n]*?): (line \d+:|required variable|invalid template)", "", ""),
    (
        "variable",
        r"env file ([^\n]*[/\\])?\.env not found: ",
        ".env is missing, and a service reads all of it (env_file)",
        "invoke env.init",
    ),
    (
        # Where it stands in an anchor, compose says so of each place that uses it.
        "file",
        r"^(?P<refusal>invalid interpolation format for [^\n]+?)\.\n(?P<hint>[^\n]+)\.\n(?P<text>[^\n]+)",
        "{refusal}: {text} ({hint})",
        "",
    ),
    (
        "file",
        r"env file (?P<path>[^\n]*) not found: ",
        "the env_file {path} is not there",
        f"write it, or say `required: false` where it is named, then: {AGAIN}",
    ),
    (
        "variable",
        r"required variable (?P<name>\w+) is missing a value(?P<reason>: *\S[^\n]*)?",
        "{name} is required and has no value{reason}",
        "invoke env.set {name}",
    ),
    (
        "variable",
        r"environment variable \"(?P<name>\w+)\" required by (?P<kind>secret|config|file) \"(?P<of>[^\"\n]*)\"",
        "{name} is not set, and the {kind} {of} is made of it",
        "invoke env.set {name}",
    ),
    (
        "engine",
        r"[^\n]*(failed to|cannot) connect to the docker (API|daemon)[^\n]*|error during connect[^\n]*"
        r"|[^\n]*permission denied while trying to connect to the docker[^\n]*"
        r"|[^\n]*context \"[^\"\n]*\": context not found[^\n]*",
        "the Docker Engine does not answer",
        "invoke doctor",
    ),
    (
        "network",
        r"^network \"?(?P<network>[^\s\"]+)\"? declared as external, but could not be found",
        "",
        "docker network create {network}",
    ),
    ("volume", r"^external volume \"(?P<volume>[^\"\n]+)\" not found", "", "docker volume create {volume}"),
    (
        "file",
        r"^(?P<refusal>unsupported external (?P<kind>secret|config) (?P<of>\S+))",
        "{refusal}: only a swarm keeps {kind}s",
        "give {of} file: or environment: instead of external: (top-level {kind}s: in its compose file), then: " + AGAIN,
    ),
    (
        "subnet",
        _network(r"overlaps?\b"),
        _NO_NETWORK,
        next_step.either("choose another subnet for network {network}, then: " + AGAIN, "docker network ls"),
    ),
    (
        "network",
        _network("(address pools?|predefined)"),
        _NO_NETWORK,
        "docker network prune",
    ),
    (
        "network",
        _network(r"plugin \"(?P<plugin>[^\"]+)\" not found"),
        _NO_NETWORK,
        next_step.either("correct the driver: of network {network}, then: " + AGAIN, "docker plugin install {plugin}"),
    ),
    ("network", _network(""), _NO_NETWORK, "correct network {network} in its compose file, then: " + AGAIN),
    (
        "volume",
        r"(?P<why>create (?P<volume>\S+): error looking up volume plugin (?P<plugin>[^\s:]+): [\s\S]*)",
        "failed to create volume {volume}: {why}",
        next_step.either("correct the driver: of volume {volume}, then: " + AGAIN, "docker plugin install {plugin}"),
    ),
    (
        # Behind the exit code come the last lines of the hook; compose before 5.6 leaves them out.
        "post_start",
        r"^(?P<service>[\w.-]+) hook exited with status (?P<code>\d+)(: (?P<output>[\s\S]*))?",
        "the post_start hook of {service} exited with status {code}{last}",
        "correct post_start: of {service}, then: " + AGAIN,
    ),
    (
        "pre_start",
        r"^service \"(?P<service>[^\"\n]+)\" pre_start\[\d+\] exited with code (?P<code>\d+):?(?P<output>[\s\S]*)"
        r"\(hook container (?P<container>\w+)",
        "the pre_start hook of {service} exited with code {code}{last}",
        next_step.either("docker logs {container}", "correct pre_start: of {service}, then: " + AGAIN),
    ),
    (
        "pre_start",
        r"^service \"(?P<service>[^\"\n]+)\" pre_start\[\d+\] exited with code (?P<code>\d+):?(?P<output>[\s\S]*)",
        "the pre_start hook of {service} exited with code {code}{last}",
        "correct pre_start: of {service}, then: " + AGAIN,
    ),
    *(
        (
            "port",
            pattern,
            "port {port} is already in use{by}",
            _STOP,
        )
        for pattern in (
            r"Bind for [^\n]*:(?P<port>\d+) failed: port is already allocated",
            rf"failed to bind (host )?port (for )?{_HOST}:(?P<port>\d+)[^\n]*: address already in use[^\n]*",
            # Older engines, and Docker Desktop.
            rf"listen (tcp|udp)[46]? {_HOST}?:(?P<port>\d+): bind: (?!cannot assign|permission)[^\n]*",
            r"exposing port \w+ [^\n]*?:(?P<port>\d+) ->[^\n]*already in use[^\n]*",
        )
    ),
    (
        "port denied",
        _engine(rf"failed to bind (host )?port (for )?{_HOST}:(?P<port>\d+)[^\n]*: permission denied"),
        "",
        "",
    ),
    (
        "image",
        r"No such image: (?P<image>\S+)",
        "the image {image} is not there",
        next_step.either("invoke build", "docker pull {image}"),
    ),
    ("registry silent", rf"^(?=[^\n]*{_NOT_PULLED})[^\n]*{_SILENT}[^\n]*", _NO_PULL, _PULL),
    (
        "registry denied",
        rf"^(?=[^\n]*{_NOT_PULLED})[^\n]*(denied|unauthorized|authentication required)[^\n]*",
        _NO_PULL,
        _PULL,
    ),
    ("not in registry", rf"[^\n]*{_NOT_PULLED}[^\n]*", _NO_PULL, _PULL),
    (
        "file",
        r"[^\n]*container \S+ has no healthcheck configured[^\n]*",
        "",
        f"give that service a healthcheck, or wait for it with condition: service_started, then: {AGAIN}",
    ),
    (
        "dependency",
        r"(?P<refusal>dependency failed to start: [^\n]*|service \"[^\n]*\" didn't complete successfully[^\n]*)",
        "a service that others wait for failed: {refusal}",
        "invoke diagnose",
    ),
    (
        "program",
        r"^exec: \"(?P<command>[^\"\n]+)\": executable file not found[^\n]*",
        "",
        "install {command}, which compose runs for this service, then: " + AGAIN,
    ),
    (
        "program",
        r"^[^\n]*support requires Docker Model plugin[^\n]*",
        "",
        f"install the Docker Model plugin, which compose runs for this service, then: {AGAIN}",
    ),
    (
        "container name",
        r"(?P<why>Conflict\. The container name \"/?(?P<container>[^\"\n]+)\" is already in use[^\n]*)",
        "",
        next_step.either(
            f"choose another container_name, then: {AGAIN}", "if nobody needs that one: docker rm --force {container}"
        ),
    ),
    (
        "file",
        r"^healthcheck\.start_interval requires healthcheck\.start_period[^\n]*",
        "",
        f"set start_period beside start_interval in its healthcheck, then: {AGAIN}",
    ),
    ("network setting", r"^invalid (subnet|ip-range|gateway|auxiliary)[^\n]*", "", ""),
    (
        "file",
        r"^invalid (DNS|IPv[46]|link-local|MAC|security-opt)[^\n]*"
        r"|^opening seccomp profile [^\n]*|^Docker Compose does not support [^\n]*",
        "",
        "",
    ),
    ("endpoint", _engine("invalid endpoint settings"), "", ""),
    ("image name", _engine("invalid reference format"), "", ""),
    (
        "platform",
        _engine("(does not provide the specified platform|does not match the (specified|detected) (platform|host))"),
        "",
        "",
    ),
    *(
        ("mount", _engine(pattern), "", _MAKE)
        for pattern in (
            r"bind source path does not exist: (?P<path>[^\n]+)",
            r"error mounting \"(?P<path>[^\"]+)\"[^\n]*: no such file or directory",
            r"failed to (mount local volume|populate volume)[^\n]*?(mount |lstat |/)(?P<path>/[^\s:]+)[^\n]*"
            r"no such file",
            r"error while mounting volume '[^']*'[^\n]*(mount |lstat )(?P<path>/[^\s:]+)[^\n]*no such file",
            r"error while creating mount source path '(?P<path>[^']+)'",
        )
    ),
    *(
        (
            "mount syntax",
            _engine(pattern),
            "",
            f"write it as ./folder:/path/in/the/container, or name:/path/in/the/container, then: {AGAIN}",
        )
        for pattern in (
            r"invalid volume specification: '(?P<path>[^'\n]*)'",
            r"invalid mount path: '(?P<path>[^'\n]*)'",
            r"(?:invalid (?:volume|mount)|mount path must be absolute|mount type unknown)",
        )
    ),
    ("mount target", _engine(r"error mounting \"(?!tmpfs)[^\"]+\" to rootfs at \"(?P<path>[^\"]+)\""), "", ""),
    # Compose fails over its own order. With no containers left it makes everything anew; the data stays.
    ("container", _engine("marked for removal and cannot be connected"), "", shell_words.in_turn("invoke stop", AGAIN)),
    (
        "container",
        _engine("(non running container|is not running|No such container)"),
        "",
        "invoke status",
    ),
    (
        "container",
        _engine("no space left on device"),
        "",
        next_step.either("docker builder prune", "docker system df"),
    ),
    ("container", _engine(""), "", ""),
)
"""For each failure: its kind, the pattern of its words, its message and the next step. The first that matches counts.

Message and step may hold `{groups}` of the pattern; an empty message quotes what was said, with an empty step none is
better than to look into the compose file. A step may hold `{make}` besides, the command that makes the path.
"""
