"""What becomes of the keys at the top of a compose file: networks, volumes, secrets, configs."""

from __future__ import annotations

from upready.runtime.swarm import forms
from upready.runtime.swarm.row import Row, carried, harmless, lost, translated

_GROUPED = ""


def _files(kind: str) -> tuple[Row, ...]:
    one = kind.capitalize()[:-1]
    return (
        carried(f"/{kind}", one),
        translated(f"/{kind}.*.name", f"{one}.Name", "the name gets a hash of the content, which Swarm never changes"),
        translated(f"/{kind}.*.environment", f"{one}.Data", "the value when the stack is deployed"),
        translated(f"/{kind}.*.file", f"{one}.Data", "the content when the stack is deployed"),
        carried(f"/{kind}.*.external", _GROUPED, "it must be there"),
        carried(f"/{kind}.*.labels", f"{one}.Labels"),
        carried(f"/{kind}.*.template_driver", f"{one}.Templating.Name"),
    )


ROWS = (
    harmless("/version", "compose does not read it any more"),
    translated("/name", "Labels", "the stack's name: of its services, and in the label com.docker.stack.namespace"),
    harmless("/include", "compose has merged it before"),
    harmless("/models", "a service that uses one says so"),
    carried("/services", _GROUPED),
    carried("/networks", "Network"),
    carried("/networks.*.name", "Network.Name"),
    translated(
        "/networks.*.driver",
        "Network.Driver",
        "overlay, which reaches every node",
        "bridge, overlay",
        forms.is_one_of(*forms.BRIDGED),
    ),
    lost("/networks.*.driver", "its networks are of one node; the network becomes an overlay network"),
    lost(
        "/networks.*.driver_opts",
        "overlay networks have `encrypted` and the MTU",
        "of bridge networks",
        forms.has_no_overlay_option,
    ),
    carried("/networks.*.driver_opts", "Network.Options"),
    carried("/networks.*.ipam", "Network.IPAM"),
    harmless("/networks.*.ipam.driver", "the default", "default", forms.is_one_of("default", "")),
    lost("/networks.*.ipam.driver", "not tried in Swarm"),
    carried("/networks.*.ipam.config", "Network.IPAM.Config"),
    carried("/networks.*.ipam.config.subnet", "Network.IPAM.Config.Subnet"),
    carried("/networks.*.ipam.config.ip_range", "Network.IPAM.Config.IPRange"),
    carried("/networks.*.ipam.config.gateway", "Network.IPAM.Config.Gateway"),
    lost("/networks.*.ipam.config.aux_addresses", "Swarm reserves no addresses"),
    lost("/networks.*.ipam.options", "Swarm has no options of address management"),
    carried("/networks.*.external", _GROUPED, "it must be there, and reach every node"),
    carried("/networks.*.internal", "Network.Internal"),
    harmless("/networks.*.enable_ipv4", "the default", "true", forms.is_one_of(True)),
    lost("/networks.*.enable_ipv4", "overlay networks always have IPv4", "false", forms.is_one_of(False)),
    carried("/networks.*.enable_ipv6", "Network.EnableIPv6"),
    carried("/networks.*.attachable", "Network.Attachable"),
    carried("/networks.*.labels", "Network.Labels"),
    carried("/volumes", _GROUPED, "made on a node when a task first needs it there"),
    carried("/volumes.*.name", "ContainerSpec.Mounts.Source"),
    carried("/volumes.*.driver", "ContainerSpec.Mounts.VolumeOptions.DriverConfig.Name"),
    carried("/volumes.*.driver_opts", "ContainerSpec.Mounts.VolumeOptions.DriverConfig.Options"),
    carried("/volumes.*.external", _GROUPED, "it must be there on each node"),
    carried("/volumes.*.labels", "ContainerSpec.Mounts.VolumeOptions.Labels"),
    *_files("secrets"),
    carried("/secrets.*.driver", "Secret.Driver.Name"),
    carried("/secrets.*.driver_opts", "Secret.Driver.Options"),
    *_files("configs"),
    translated("/configs.*.content", "Config.Data", "the content when the stack is deployed"),
)
"""Of several rows for a key, the first that fits a value stands."""
