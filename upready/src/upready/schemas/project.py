"""The documents of tasks about the project and the machine: `.env`, images, settings."""

# Not with postponed annotations: TypedDict would not see which fields are NotRequired.
from typing import Annotated, Any, NotRequired, TypedDict

from upready.schemas.parts import Document, OneOf, Planned


class EnvFinding(TypedDict):
    """One problem of `.env`; no field holds a value of it."""

    check: str
    message: str
    why: str
    fix: str
    severity: Annotated[str, OneOf("error", "warning")]
    variable: str
    line: Annotated[int, "Counts from 1; 0 if there is no line."]
    column: Annotated[int, "Counts from 1; 0 if there is no column."]
    file: Annotated[str, "Relative to the project."]


class EnvFindings(Document):
    """What is wrong with `.env`."""

    findings: list[EnvFinding]


class Way(TypedDict):
    """One of several ways by which a variable reaches services, if they do not all give the same value."""

    by: str
    file: str | None
    services: list[str]
    value: str | None


class Variable(TypedDict):
    """A variable as compose sees it."""

    name: str
    value: Annotated[str | None, "Masked if it is sensitive, unless `--reveal` was given; null if it is set nowhere."]
    source: Annotated[str, OneOf("shell", "file", "default", "unset")]
    sensitive: bool
    file: NotRequired[Annotated[str, "The name of the file that the value comes from, where it is not `.env`."]]
    ways: NotRequired[list[Way]]


class Variables(Document):
    """The variables of a stack."""

    variables: list[Variable]


class EnvDifference(Document):
    """How `.env` differs from its schema: names of variables."""

    missing: list[str]
    extra: list[str]
    default: list[str]
    changed: list[str]


class ServiceVariable(TypedDict):
    """A variable of a service, or of the file where `service` is null."""

    service: str | None
    name: str


EnvComparison = TypedDict(
    "EnvComparison",
    {
        "engine": NotRequired[dict[str, Any]],
        "with": str,
        "kind": str,
        "differs": list[ServiceVariable],
        "only_here": list[ServiceVariable],
        "only_there": list[ServiceVariable],
        "same": list[ServiceVariable],
    },
)
"""How this checkout's values differ from those elsewhere (`env.diff --with`)."""


class Isolation(TypedDict):
    """What was written for a checkout of its own."""

    project: str
    ports: dict[str, str]
    notes: list[str]


class EnvInitialised(Document):
    """What was written into `.env`: names of variables."""

    created: bool
    names: list[str]
    open: Annotated[list[str], "Those that wait for a value of the user's."]
    taken_back: NotRequired[Annotated[list[str], "Those whose values were taken from containers."]]
    isolated: NotRequired[Isolation]


class EnvSet(Document):
    """The name of the variable that was set."""

    set: str


class BuiltImage(TypedDict):
    """An image that was built; its size in bytes."""

    service: str
    image: str
    id: str
    size: int


class Built(Document):
    """The images that were built."""

    environment: str
    images: list[BuiltImage]


class Layer(TypedDict):
    """A layer of an image; its size in bytes."""

    size: int
    instruction: str


class Image(TypedDict):
    """The size of a service's image, in bytes."""

    service: str
    image: str
    size: Annotated[int | None, "null where it is not there."]
    base: str | None
    base_size: int | None
    added: Annotated[int | None, "What it adds to its base."]
    budget: Annotated[int | None, "What it may add."]
    within: bool | None
    layers: Annotated[list[Layer], "The largest ones, where it adds more."]


class Images(Document):
    """The sizes of the images."""

    images: list[Image]


class DoctorFinding(TypedDict):
    """What one examination found."""

    subject: str
    grade: Annotated[str, OneOf("ok", "warning", "problem")]
    message: str
    fix: str


class Doctor(Document):
    """Whether this machine can run the stack."""

    able: bool
    findings: list[DoctorFinding]


class Lost(TypedDict):
    """What of a stack an export does not carry."""

    service: str
    key: str
    why: str


class NeededSecret(TypedDict):
    """A Secret that exported objects refer to, and its keys; never a value."""

    name: str
    keys: list[str]


class Exported(Document):
    """A stack as Kubernetes objects."""

    project: str
    environment: str
    format: str
    manifests: list[dict[str, Any]]
    lost: list[Lost]
    secrets: list[NeededSecret]
    images: list[str]
    left_out: list[str]
    written: NotRequired[Annotated[list[str], "The files that were written."]]


class ExportedSecrets(Document):
    """Kubernetes Secrets with their values (`export --secrets`)."""

    secrets: list[dict[str, Any]]


class Initialised(Document):
    """The `invoke.yaml` that was written."""

    written: str
    content: str


class InitPlan(Planned):
    """The `invoke.yaml` that would be written (`--dry`)."""

    content: str


class Guide(Document):
    """What an agent must know of the tasks, as Markdown (`init --agents`)."""

    content: str
