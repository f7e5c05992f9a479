"""A stack exported for Kubernetes: the objects, and what of the stack is lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from upready import report
from upready.kubernetes import notation, summary
from upready.kubernetes.subject import Manifest
from upready.operations.export import README, Exported
from upready.report.columns import Column, FittingTable
from upready.support import shell_words, units

NATURE = "an export, not a runtime: the tasks do not run, watch or release what is in a cluster"


def show(exported: Exported, *, as_json: bool) -> int:
    """Print the objects, as YAML that kubectl reads, or as one JSON document; the rest goes to stderr. Returns 0."""
    if as_json:
        report.document(exported.as_dict())
        return 0
    report.say(notation.of(exported.content.manifests).rstrip(), quoted=True)
    _tell(exported, f"{exported.command} | kubectl apply --namespace {exported.namespace} -f -", aside=True)
    return 0


def written(exported: Exported, folder: Path, files: Sequence[Path], *, as_json: bool) -> int:
    """Say what was written, and what is lost. Returns 0."""
    if as_json:
        report.document({**exported.as_dict(), "written": [str(each) for each in files]})
        return 0
    report.say(f"{units.counted(len(files), 'file')} are written into {folder}; start with {folder / README}")
    command = shell_words.line(["kubectl", "apply", "--namespace", exported.namespace, "-f", str(folder)])
    _tell(exported, command, aside=False)
    return 0


def secrets(manifests: Sequence[Manifest], *, as_json: bool) -> int:
    """Print the Secrets with their values, which somebody has asked for. Returns 0."""
    if as_json:
        report.document({"secrets": list(manifests)}, revealed=True, quoted=True)
    elif manifests:
        report.say(notation.of(manifests).rstrip(), quoted=True)
    else:
        report.warn("the stack needs no Secret")
    return 0


def _tell(exported: Exported, apply: str, *, aside: bool) -> None:
    """What is lost, and what to do; on stderr, where the objects are on stdout."""
    content = exported.content

    def say(text: str) -> None:
        report.say(text, as_json=aside)

    if content.lost:
        say("not carried:")
        table = FittingTable(Column("service"), Column("key"), Column("why"))
        for each in content.lost:
            table.add_row(each.service or "(all)", report.clean(each.key), report.clean(each.why))
        (report.errors() if aside else report.console()).print(table)
    if exported.left_out:
        say(f"services of profiles that are off: {', '.join(exported.left_out)}")
    if content.images:
        say(f"images that are built here, to be pushed where the cluster can pull them: {', '.join(content.images)}")
    say(NATURE)
    if content.secrets:
        say(f"secrets: {exported.command} --secrets | {summary.apply(exported.namespace)}")
    say(f"apply:   {apply}")
