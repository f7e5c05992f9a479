"""When two engines have the same image, and how several nodes get theirs."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from upready.runtime.swarm import images, nodes
from upready.runtime.swarm.nodes import Node
from upready.support.errors import StartError


def image(identifier: str, layers: list[str], **config: Any) -> dict[str, Any]:
    return {"Id": identifier, "RootFS": {"Layers": layers}, "Config": config}


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (None, False),
        (image("sha256:1", ["x"]), True),
        (image("sha256:2", ["a", "b"], Cmd=["run"]), True),
        (image("sha256:2", ["a", "b"], Cmd=["walk"]), False),
        (image("sha256:2", ["a"], Cmd=["run"]), False),
    ],
)
def test_the_same_image_may_have_another_id(other: dict[str, Any] | None, same: bool) -> None:
    assert images.same(image("sha256:1", ["a", "b"], Cmd=["run"]), other) is same


class Store:
    """An engine with some images."""

    address = "the manager"
    client: Any = None

    def __init__(self, *names: str) -> None:
        self.names = names

    def image(self, name: str) -> dict[str, Any] | None:
        return image(f"sha256:{name}", [name]) if name in self.names else None


def spec(name: str) -> dict[str, Any]:
    return {"TaskTemplate": {"ContainerSpec": {"Image": name}}}


def test_several_nodes_are_asked_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=30)

    def reach(node: Node) -> Store:
        both.wait()  # broken if the other node is asked only after this one
        return Store("web")

    there = [Node(each, each, labels={nodes.CONTEXT: each}) for each in ("n2", "n3")]
    named = images.to_nodes(Store("web"), [spec("web")], there, lambda _: None, own="n1", reach=reach)
    assert named == {"web": "sha256:web"}


def test_the_error_of_a_node_is_raised() -> None:
    def reach(node: Node) -> Store:
        raise StartError(f"not {node.name}")

    there = [Node("n2", "two", labels={nodes.CONTEXT: "two"})]
    with pytest.raises(StartError, match="not two"):
        images.to_nodes(Store("web"), [spec("web")], there, lambda _: None, own="n1", reach=reach)


def test_an_image_that_was_removed_here_is_no_error_where_the_node_has_it() -> None:
    node = Node("n2", "two")
    lost = f"sha256:{'0' * 64}"
    assert images.send(Store(), [lost], node, lambda _: None, lambda _: Store(lost)) == []
    with pytest.raises(StartError) as caught:
        images.send(Store(), [lost], node, lambda _: None, lambda _: Store())
    assert caught.value.message == "two lacks the image 000000000000, and the manager has it no more"
    assert caught.value.next == "invoke prod && <the same command>"
