"""What a folder with an exported stack says of itself: what to do before, and what could not be carried."""

from __future__ import annotations

from collections.abc import Sequence

from upready.kubernetes.export import Export


def of(project: str, environment: str, left_out: Sequence[str], content: Export, secrets_command: str) -> str:
    """The text, in Markdown.

    Args:
        project: Compose's project name.
        environment: The environment.
        left_out: Services of profiles that are off.
        content: What was exported.
        secrets_command: The command that makes the Secrets.
    """
    told = [
        f"# {project}, {environment}, for Kubernetes",
        "",
        "An export, not a runtime: the tasks do not start, watch, release or back up what runs in a cluster. The",
        "stack's data are not in it.",
        "",
        "```sh",
        f"kubectl create namespace {project}",
        *([f"{secrets_command} | {apply(project)}"] if content.secrets else []),
        f"kubectl apply --namespace {project} -f .",
        "```",
        "",
        "- Networks stay apart where the network plugin enforces NetworkPolicy, and the name server has its usual",
        "  label, `k8s-app: kube-dns` in `kube-system`.",
    ]
    if content.images:
        told += [
            "- These images are built here. Push them where the cluster can pull them, and change their names:",
            "",
        ]
        told += [f"  - `{each}`" for each in content.images]
    if content.secrets:
        told += [
            "",
            "## Secrets",
            "",
            "No value of a secret is in these files. The second command above makes them:",
            "",
        ]
        told += ["| Secret | keys |", "| --- | --- |"]
        told += [
            f"| `{name}` | {', '.join(f'`{key}`' for key in sorted(keys))} |" for name, keys in content.secrets.items()
        ]
        told += ["", "Or one by one, each value from a file of its own:", "", "```sh"]
        told += [create(project, name, sorted(keys)) for name, keys in content.secrets.items()]
        told += ["```", "", "Pods do not notice another value: `kubectl rollout restart deployment,statefulset`."]
    told += ["", "## What is not carried", ""]
    if left_out:
        told += [f"Services of profiles that are off: {', '.join(f'`{each}`' for each in left_out)}.", ""]
    if content.lost:
        told += ["| service | key | why |", "| --- | --- | --- |"]
        told += [f"| {each.service or '(all)'} | `{each.key}` | {_cell(each.why)} |" for each in content.lost]
    else:
        told += ["Nothing was lost."]
    return "\n".join(told) + "\n"


def apply(project: str) -> str:
    """The command that makes Secrets of what it reads; on the server, so that no copy of a value is kept as a note."""
    return f"kubectl apply --namespace {project} --server-side -f -"


def create(project: str, name: str, keys: Sequence[str]) -> str:
    """The command that makes one Secret: a value on the command line could be read by others."""
    values = " ".join(f"--from-file={key}=FILE" for key in keys)
    return f"kubectl create secret generic {name} --namespace {project} {values}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
