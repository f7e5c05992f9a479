"""What a last backup holds: one of a name, what services use in the latest."""

from __future__ import annotations

import dataclasses

from upready.operations import loss
from upready.runtime.docker.store import Store


def test_volumes_of_one_name_on_several_nodes_go_into_backups_of_their_own_before_the_latest() -> None:
    files, other = loss.unused("shop", "shop_files", "node3"), loss.unused("shop", "shop_more", "node3")
    served = dataclasses.replace(files, container=dataclasses.replace(files.container, id="c1", node="node2"))
    assert list(loss._apart([files, other, served])) == [[files], [served, other]]
    assert list(loss._apart([])) == []


def test_what_stays_is_told_with_its_node_and_the_step() -> None:
    unknown = Store(None, (), "node4", "nobody answers")
    known = Store(None, ("shop_data",), "node3", "no way there", "invoke nodes --add node3")
    assert loss.staying([(None, [Store(None, ("folder",)), known, unknown])]) == [  # type: ignore[list-item] # not asked
        "volume shop_data on node3 stays (no way there; invoke nodes --add node3)",
        "stays on node4: any volume (nobody answers)",
    ]
