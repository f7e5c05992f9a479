"""What compose and the engine say when they refuse: words of real runs, of compose 5.6 unless told otherwise."""

from __future__ import annotations

import pytest

from upready.stack import compose_failure
from upready.support.errors import EnvFileError, OpsError, StartError, UsageError

POOL = "invalid pool request: Pool overlaps with other one on this address space"

CASES: dict[str, tuple[str, type[OpsError], str, str, tuple[str, ...]]] = {
    # name: (what compose prints, kind, words of the message, words of the next step, what it is about)
    "external network": (
        "network proxy declared as external, but could not be found",
        StartError,
        "network proxy declared as external, but could not be found",
        "docker network create proxy",
        ("network proxy",),
    ),
    "external volume": (
        'external volume "old-data" not found',
        StartError,
        'external volume "old-data" not found',
        "docker volume create old-data",
        ("volume old-data",),
    ),
    "external secret": (
        " service:app:1 unsupported external secret tok \nunsupported external secret tok",
        UsageError,
        "unsupported external secret tok",
        "give tok file: or environment:",
        ("service app", "secret tok"),
    ),
    "external config, compose 2.24": (
        "unsupported external config tok",
        UsageError,
        "unsupported external config tok",
        "top-level configs:",
        ("config tok",),
    ),
    "network driver": (
        ' Network shop_n Error Error response from daemon: plugin "weave" not found\n'
        " Container shop-app-1 Creating \n"
        'failed to create network shop_n: Error response from daemon: plugin "weave" not found',
        StartError,
        'failed to create network shop_n: plugin "weave" not found',
        "docker plugin install weave",
        ("network shop_n",),
    ),
    "volume driver": (
        " volume:data Error response from daemon: create shop_data: error looking up volume plugin rexray: "
        'plugin "rexray" not found \n'
        "Error response from daemon: create shop_data: error looking up volume plugin rexray: "
        'plugin "rexray" not found',
        StartError,
        'error looking up volume plugin rexray: plugin "rexray" not found',
        "docker plugin install rexray",
        ("volume data", "volume shop_data"),
    ),
    "subnets overlap": (
        f" Network shop_b Error Error response from daemon: {POOL}\n"
        f" network:b failed to create network shop_b: Error response from daemon: {POOL} \n"
        ' Network shop_a Error error during connect: Post "http://%2Fvar%2Frun%2Fdocker.sock/networks/create": '
        f"failed to create network shop_b: Error response from daemon: {POOL}\n"
        f"failed to create network shop_b: Error response from daemon: {POOL}",
        StartError,
        f"failed to create network shop_b: {POOL}",
        "another subnet",
        ("network b", "network shop_b"),
    ),
    "address pools exhausted": (
        "failed to create network shop_default: Error response from daemon: all predefined address pools have been "
        "fully subnetted",
        StartError,
        "all predefined address pools have been fully subnetted",
        "docker network prune",
        ("network shop_default",),
    ),
    "address pools exhausted, older engines": (
        "failed to create network shop_default: Error response from daemon: could not find an available, "
        "non-overlapping IPv4 address pool among the defaults to assign to the network",
        StartError,
        "could not find an available",
        "docker network prune",
        ("network shop_default",),
    ),
    "no subnet": (
        " network:a invalid subnet: netip.ParsePrefix(\"10.77.0.0\"): no '/' \n"
        "invalid subnet: netip.ParsePrefix(\"10.77.0.0\"): no '/'",
        UsageError,
        "invalid subnet",
        "compose file",
        ("network a",),
    ),
    "two lines of the engine": (
        "Error response from daemon: invalid config for network shop_a: invalid endpoint settings:\n"
        "user specified IP address is supported only when connecting to networks with user configured subnets",
        StartError,
        "invalid endpoint settings: user specified IP address",
        "compose file",
        (),
    ),
    "start interval": (
        " service:app:1 healthcheck.start_interval requires healthcheck.start_period to be set \n"
        "healthcheck.start_interval requires healthcheck.start_period to be set",
        UsageError,
        "healthcheck.start_interval requires healthcheck.start_period to be set",
        "set start_period",
        ("service app",),
    ),
    "hook after the start": (
        " Container shop-app-1 Starting \napp hook exited with status 3: step one\nno ledger",
        StartError,
        "the post_start hook of app exited with status 3: no ledger",
        "post_start",
        ("service app",),
    ),
    "hook after the start, compose 2.39": (
        " Container shop-app-1  Starting\napp hook exited with status 3",
        StartError,
        "the post_start hook of app exited with status 3",
        "post_start",
        ("service app",),
    ),
    "hook before the start": (
        'service "app" pre_start[0] exited with code 3 (hook container 6c75f2f59901 retained for inspection)',
        StartError,
        "the pre_start hook of app exited with code 3",
        "docker logs 6c75f2f59901",
        ("service app",),
    ),
    "hook before the start, with its words": (
        'service "app" pre_start[1] exited with code 3: step one\nno ledger (hook container 6c75f2f59901 retained for '
        "inspection)",
        StartError,
        "the pre_start hook of app exited with code 3: no ledger",
        "docker logs 6c75f2f59901",
        ("service app",),
    ),
    "path that is gone": (
        ' service:app:1 Error response from daemon: invalid mount config for type "bind": bind source path does not '
        "exist: /srv/x \n"
        'Error response from daemon: invalid mount config for type "bind": bind source path does not exist: /srv/x',
        StartError,
        "bind source path does not exist: /srv/x",
        "mkdir -p /srv/x",
        ("service app",),
    ),
    "volume that is written wrongly": (
        " service:app:1 Error response from daemon: invalid volume specification: 'C:\\data:/d:rw' \n"
        "Error response from daemon: invalid volume specification: 'C:\\data:/d:rw'",
        StartError,
        "invalid volume specification: 'C:\\data:/d:rw'",
        "./folder:/path",
        ("service app",),
    ),
    "secret of a variable": (
        'environment variable "TOKEN" required by secret "shop_tok" is not set',
        EnvFileError,
        "TOKEN is not set, and the secret shop_tok is made of it",
        "invoke env.set TOKEN",
        ("secret shop_tok",),
    ),
    "secret of a variable, compose 2.24": (
        'environment variable "TOKEN" required by file "shop_tok" is not set',
        EnvFileError,
        "TOKEN is not set",
        "invoke env.set TOKEN",
        ("file shop_tok",),
    ),
    "device": (
        " Container shop-db-1 Started \n Container shop-app-1 Starting \n"
        'Error response from daemon: error gathering device information while adding custom device "/dev/nosuch": '
        "no such file or directory",
        StartError,
        'custom device "/dev/nosuch"',
        "compose file",
        ("container shop-app-1",),
    ),
    "name of a container": (
        ' service:app:1 Error response from daemon: Conflict. The container name "/web" is already in use by container '
        '"0123". You have to remove (or rename) that container to be able to reuse that name. \n'
        'Error response from daemon: Conflict. The container name "/web" is already in use by container "0123". You '
        "have to remove (or rename) that container to be able to reuse that name.",
        StartError,
        'The container name "/web" is already in use',
        "if nobody needs that one: docker rm --force web",
        ("service app",),
    ),
    "provider": (
        ' provider:app exec: "tunnel": executable file not found in $PATH \n'
        'exec: "tunnel": executable file not found in $PATH',
        StartError,
        'exec: "tunnel": executable file not found',
        "install tunnel",
        ("service app",),
    ),
    "model": (
        "'models' support requires Docker Model plugin",
        StartError,
        "'models' support requires Docker Model plugin",
        "install the Docker Model plugin",
        (),
    ),
    "image": (
        ' Image nowhere.invalid/x:1 Error Get "https://nowhere.invalid/v2/": dial tcp: lookup nowhere.invalid on '
        "10.0.0.1:53: no such host\n"
        'Error response from daemon: Get "https://nowhere.invalid/v2/": dial tcp: lookup nowhere.invalid on '
        "10.0.0.1:53: no such host",
        StartError,
        "the image nowhere.invalid/x:1 could not be pulled",
        "docker pull nowhere.invalid/x:1",
        ("image nowhere.invalid/x:1",),
    ),
    "an anchor that several services use": (
        "".join(
            f"invalid interpolation format for services.{name}.environment.URL.\n"
            "You may need to escape any $ with another $.\n${URL:-x\n"
            for name in ("db", "web")
        ),
        UsageError,
        "invalid interpolation format for services.db.environment.URL: ${URL:-x (You may need to escape any $",
        "invoke config",
        (),
    ),
    "no health check": (
        "dependency failed to start: container shop-db-1 has no healthcheck configured",
        UsageError,
        "container shop-db-1 has no healthcheck configured",
        "healthcheck",
        (),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_refusal(name: str) -> None:
    said, kind, words, remedy, about = CASES[name]
    failure = compose_failure.read(said)
    error = failure.as_error(StartError)
    assert type(error) is kind
    assert words in error.message
    assert remedy in error.next
    assert failure.about == about


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        ("Bind for 0.0.0.0:8080 failed: port is already allocated", {"kind": "port", "port": 8080}),
        ("failed to bind host port 0.0.0.0:80/tcp: permission denied", {"kind": "port denied", "port": 80}),
        ("No such image: shop-web:latest", {"kind": "image", "image": "shop-web:latest"}),
        ("pull access denied for x, repository does not exist", {"kind": "registry denied"}),
        ('Get "https://r.example/v2/": dial tcp: lookup r.example: no such host', {"kind": "registry silent"}),
        ("manifest for x:9 not found: manifest unknown", {"kind": "not in registry"}),
        ("invalid reference format", {"kind": "image name"}),
        ("image x was found but does not provide the specified platform (linux/arm64)", {"kind": "platform"}),
        ("bind source path does not exist: /srv/x", {"kind": "mount", "path": "/srv/x"}),
        (
            'OCI runtime create failed: error mounting "/srv/x" to rootfs at "/x": not a directory',
            {"kind": "mount target", "path": "/x"},
        ),
        ("invalid volume specification: 'C:\\data:/d:rw'", {"kind": "mount syntax", "path": "C:\\data:/d:rw"}),
        ("invalid endpoint settings:\nuser specified IP address", {"kind": "endpoint"}),
        ("something new", {"kind": "container", "message": "something new"}),
    ],
)
def test_what_the_engine_refuses_is_read_into_fields(words: str, fields: dict[str, object]) -> None:
    failure = compose_failure.by_engine("shop-web-1", words)
    assert {name: getattr(failure, name) for name in fields} == fields
    assert words.splitlines()[0] in failure.stderr
    assert failure.about
    assert failure.begun


def test_a_hook_is_read_into_fields() -> None:
    said = 'service "app" pre_start[1] exited with code 3: one\nno ledger (hook container 6c75f2f59901 retained for it)'
    failure = compose_failure.read(said)
    assert (failure.kind, failure.service, failure.exit_code) == ("pre_start", "app", 3)
    assert (failure.container, failure.output) == ("6c75f2f59901", ("one", "no ledger"))


def test_a_program_that_compose_lacks_is_named() -> None:
    failure = compose_failure.read('exec: "tunnel": executable file not found in $PATH')
    assert (failure.kind, failure.command) == ("program", "tunnel")


def test_the_last_lines_of_a_hook_are_kept() -> None:
    failure = compose_failure.read("app hook exited with status 3: step one\nstep two\nno ledger")
    assert failure.as_error().details == ["step one", "step two"]
    assert failure.output == ("step one", "step two", "no ledger")


def test_what_was_cancelled_is_not_to_blame() -> None:
    said = (
        " Container shop-a-1 Creating \n Container shop-b-1 Creating \n"
        ' service:b:1 Error response from daemon: invalid CapAdd: unknown capability: "CAP_NOPE" \n'
        'Error response from daemon: invalid CapAdd: unknown capability: "CAP_NOPE"'
    )
    assert compose_failure.read(said).about == ("service b",)


@pytest.mark.parametrize(
    ("said", "begun"),
    [
        (" Container shop-a-1 Creating \n Container shop-a-1 Created \nno", False),
        (" Container shop-a-1 Starting \nno", True),
        (" Container shop-a-1  Starting\nno", True),
    ],
)
def test_whether_anything_was_started_by_then(said: str, begun: bool) -> None:
    assert compose_failure.read(said).as_error().begun is begun
