"""What becomes of the keys of a service that say how it is deployed, reached and stored."""

from __future__ import annotations

from upready.runtime.swarm import forms
from upready.runtime.swarm.row import Row, carried, harmless, lost, translated

_UPDATE = ("parallelism", "delay", "failure_action", "monitor", "max_failure_ratio", "order")
_FIXED = "Swarm chooses the addresses of tasks"
_PUBLISHED = "Swarm publishes a port on every address of a node; this port is not published at all"
_GROUPED = ""


def _spelt(key: str) -> str:
    """A key as the engine's API has it: `failure_action` becomes `FailureAction`."""
    return "".join(part.capitalize() for part in key.split("_"))


def _update(section: str) -> tuple[Row, ...]:
    becomes = _spelt(section)
    return (
        carried(f"deploy.{section}", becomes),
        *(carried(f"deploy.{section}.{key}", f"{becomes}.{_spelt(key)}") for key in _UPDATE),
    )


def _files(kind: str) -> tuple[Row, ...]:
    becomes = f"ContainerSpec.{kind.capitalize()}"
    return (
        carried(kind, becomes),
        translated(f"{kind}.source", f"{becomes}.{kind.capitalize()[:-1]}Name", "the name gets a hash of the content"),
        carried(f"{kind}.target", f"{becomes}.File.Name"),
        carried(f"{kind}.uid", f"{becomes}.File.UID"),
        carried(f"{kind}.gid", f"{becomes}.File.GID"),
        carried(f"{kind}.mode", f"{becomes}.File.Mode"),
    )


ROWS = (
    *_files("configs"),
    *_files("secrets"),
    carried("deploy", _GROUPED),
    carried("deploy.mode", "Mode", "replicated-job and global-job, too"),
    carried("deploy.endpoint_mode", "EndpointSpec.Mode", "dnsrr where nodes lack IPVS"),
    carried("deploy.replicas", "Mode.Replicated.Replicas"),
    carried("deploy.labels", "Labels"),
    *_update("update_config"),
    *_update("rollback_config"),
    carried("deploy.resources", "TaskTemplate.Resources"),
    carried("deploy.resources.limits", "TaskTemplate.Resources.Limits"),
    carried("deploy.resources.limits.cpus", "TaskTemplate.Resources.Limits.NanoCPUs"),
    carried("deploy.resources.limits.memory", "TaskTemplate.Resources.Limits.MemoryBytes"),
    carried("deploy.resources.limits.pids", "TaskTemplate.Resources.Limits.Pids"),
    carried("deploy.resources.reservations", "TaskTemplate.Resources.Reservations"),
    carried("deploy.resources.reservations.cpus", "TaskTemplate.Resources.Reservations.NanoCPUs"),
    carried("deploy.resources.reservations.memory", "TaskTemplate.Resources.Reservations.MemoryBytes"),
    carried("deploy.resources.reservations.generic_resources", "TaskTemplate.Resources.Reservations.GenericResources"),
    lost("deploy.resources.reservations.devices", "Swarm gives GPUs only as generic_resources"),
    carried("deploy.restart_policy", "TaskTemplate.RestartPolicy"),
    carried("deploy.restart_policy.condition", "TaskTemplate.RestartPolicy.Condition"),
    carried("deploy.restart_policy.delay", "TaskTemplate.RestartPolicy.Delay"),
    carried("deploy.restart_policy.max_attempts", "TaskTemplate.RestartPolicy.MaxAttempts"),
    carried("deploy.restart_policy.window", "TaskTemplate.RestartPolicy.Window"),
    carried("deploy.placement", "TaskTemplate.Placement"),
    carried("deploy.placement.constraints", "TaskTemplate.Placement.Constraints"),
    carried("deploy.placement.preferences", "TaskTemplate.Placement.Preferences"),
    carried("deploy.placement.max_replicas_per_node", "TaskTemplate.Placement.MaxReplicas"),
    translated(
        "network_mode",
        "TaskTemplate.Networks",
        "the node's network of that name",
        "host, bridge",
        forms.is_one_of("host", "bridge"),
    ),
    lost("network_mode", "Swarm shares no network of a container, and has none without a network"),
    carried("networks", "TaskTemplate.Networks", "with the service's name as an alias"),
    carried("networks.*.aliases", "TaskTemplate.Networks.Aliases"),
    carried("networks.*.driver_opts", "TaskTemplate.Networks.DriverOpts"),
    lost("networks.*.interface_name", "Swarm chooses the names of interfaces"),
    lost("networks.*.ipv4_address", _FIXED),
    lost("networks.*.ipv6_address", _FIXED),
    lost("networks.*.link_local_ips", _FIXED),
    lost("networks.*.mac_address", _FIXED),
    lost("networks.*.priority", "Swarm chooses the order of networks"),
    lost("networks.*.gw_priority", "Swarm chooses the way out"),
    carried("ports", "EndpointSpec.Ports"),
    harmless("ports.name", "a name for people"),
    carried("ports.mode", "EndpointSpec.Ports.PublishMode", "host where nodes lack IPVS, and with endpoint_mode dnsrr"),
    translated(
        "ports.host_ip",
        "EndpointSpec.Ports",
        "Swarm publishes a port on every address, of IPv4 and IPv6",
        "0.0.0.0, ::",
        forms.is_everywhere,
    ),
    lost("ports.host_ip", f"only the machine itself may reach it. {_PUBLISHED}", "127.0.0.1, ::1", forms.is_loopback),
    lost("ports.host_ip", _PUBLISHED),
    carried("ports.target", "EndpointSpec.Ports.TargetPort"),
    lost(
        "ports.published", "Swarm does not choose from a range; the port is not published", "8000-8002", forms.is_range
    ),
    carried("ports.published", "EndpointSpec.Ports.PublishedPort"),
    carried("ports.protocol", "EndpointSpec.Ports.Protocol"),
    harmless("ports.app_protocol", "a hint that no engine reads"),
    carried("volumes", "ContainerSpec.Mounts"),
    lost("volumes.type", "Swarm does not mount images", "image", forms.is_one_of("image")),
    lost("volumes.type", "volumes of CSI drivers are not supported here", "cluster", forms.is_one_of("cluster")),
    carried("volumes.type", "ContainerSpec.Mounts.Type"),
    lost(
        "volumes.source",
        "a volume without a name is new, and empty, with each task; give it a name to keep what it has",
        "missing",
        lambda value: value is None,
    ),
    translated("volumes.source", "ContainerSpec.Mounts.Source", "a bound path must be there on each node"),
    carried("volumes.target", "ContainerSpec.Mounts.Target"),
    carried("volumes.read_only", "ContainerSpec.Mounts.ReadOnly"),
    harmless("volumes.consistency", "no engine reads it any more"),
    carried("volumes.bind", _GROUPED),
    carried("volumes.bind.propagation", "ContainerSpec.Mounts.BindOptions.Propagation"),
    harmless("volumes.bind.create_host_path", "Swarm makes no folder; a task whose path is not there is rejected"),
    translated(
        "volumes.bind.recursive",
        "ContainerSpec.Mounts.BindOptions.NonRecursive",
        "true",
        "disabled",
        forms.is_one_of("disabled"),
    ),
    harmless("volumes.bind.recursive", "the default", "enabled", forms.is_one_of("enabled")),
    lost("volumes.bind.recursive", "Swarm cannot choose whether mounts below are read-only"),
    lost("volumes.bind.selinux", "Swarm sets no SELinux label on a bound path"),
    carried("volumes.volume", _GROUPED),
    carried("volumes.volume.labels", "ContainerSpec.Mounts.VolumeOptions.Labels"),
    carried("volumes.volume.nocopy", "ContainerSpec.Mounts.VolumeOptions.NoCopy"),
    carried("volumes.volume.subpath", "ContainerSpec.Mounts.VolumeOptions.Subpath"),
    carried("volumes.tmpfs", _GROUPED),
    carried("volumes.tmpfs.size", "ContainerSpec.Mounts.TmpfsOptions.SizeBytes"),
    carried("volumes.tmpfs.mode", "ContainerSpec.Mounts.TmpfsOptions.Mode"),
    lost("volumes.image", "Swarm does not mount images"),
)
"""Of several rows for a key, the first that fits a value stands."""
