"""Which layers of an image are sent to another engine, and the archive without the others."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from upready.engine import shipment

BLOB = "blobs/sha256/"


class Away:
    """An engine that has some images, and loads an archive only where it has every layer that is left out."""

    address = "tcp://away:2375"

    def __init__(self, *images: list[str], stores: str = "layers") -> None:
        self.images = {str(number): layers for number, layers in enumerate(images)}
        self.stores, self.loaded = stores, list[list[str]]()
        self.client: Any = None

    def image(self, name: str) -> Mapping[str, Any] | None:
        return {"Id": name, "RootFS": {"Layers": self.images[name]}} if name in self.images else None

    def _url(self, path: str, *words: str) -> str:
        return path.format(*words)

    def _raise_for_status(self, response: object) -> None:
        pass

    def _post(self, url: str, *, data: Iterator[bytes], **how: Any) -> bytes:
        with tarfile.open(fileobj=io.BytesIO(b"".join(data))) as archive:
            self.loaded.append(archive.getnames())
            for member in archive:
                held = archive.extractfile(member)
                assert held
                assert held.read() == member.name.encode() * 1000
        return b""

    def _stream_helper(self, response: bytes, *, decode: bool) -> Iterator[Mapping[str, str]]:
        lacks = self.stores != "layers" and f"{BLOB}base" not in self.loaded[-1]
        yield {"error": "content digest not found"} if lacks else {"stream": "Loaded image"}


def here(*layers: str) -> Any:
    """An engine with one image; each of its files has its own name as contents, many times."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in (*dict.fromkeys(f"{BLOB}{each}" for each in layers), "manifest.json"):
            member = tarfile.TarInfo(name)
            member.size = len(name) * 1000
            archive.addfile(member, io.BytesIO(name.encode() * 1000))

    def get(url: str, **how: Any) -> Any:
        assert url == "/images/shop:latest/get"
        data = packed.getvalue()
        return SimpleNamespace(iter_content=lambda size: (data[at : at + 700] for at in range(0, len(data), 700)))

    api = SimpleNamespace(_url=lambda path, *words: path.format(*words), _get=get, _raise_for_status=lambda _: None)
    described = {"Id": "shop", "RootFS": {"Layers": [f"sha256:{each}" for each in layers]}}
    return SimpleNamespace(client=SimpleNamespace(api=api), image=lambda _: described)


def away(*images: list[str], stores: str = "layers") -> Any:
    made = Away(*images, stores=stores)
    listed = [{"Id": name} for name in made.images]
    api = SimpleNamespace(
        images=lambda **_: listed,
        _url=made._url,
        _post=made._post,
        _raise_for_status=made._raise_for_status,
        _stream_helper=made._stream_helper,
    )
    made.client = SimpleNamespace(api=api)
    return made


def test_layers_that_are_there_are_left_out() -> None:
    there = away(["sha256:base", "sha256:libs", "sha256:other"])
    sent = shipment.send(here("base", "libs", "code"), there, "shop")
    assert there.loaded == [[f"{BLOB}code", "manifest.json"]]
    assert sent.left_out == sum(len(f"{BLOB}{each}") * 1000 for each in ("base", "libs"))
    assert sent.over % tarfile.BLOCKSIZE == 0


def test_a_layer_counts_only_on_top_of_the_same_ones() -> None:
    there = away(["sha256:other", "sha256:libs"])
    shipment.send(here("base", "libs"), there, "shop")
    assert there.loaded == [[f"{BLOB}base", f"{BLOB}libs", "manifest.json"]]
    # The same contents twice: they are there in one of two places.
    there = away(["sha256:empty", "sha256:base"])
    shipment.send(here("empty", "base", "empty"), there, "shop")
    assert there.loaded == [[f"{BLOB}empty", "manifest.json"]]


def test_an_engine_that_refuses_gets_all_of_it() -> None:
    there = away(["sha256:base"], stores="blobs")
    sent = shipment.send(here("base", "code"), there, "shop")
    assert there.loaded == [[f"{BLOB}code", "manifest.json"], [f"{BLOB}base", f"{BLOB}code", "manifest.json"]]
    assert sent.left_out == 0


@pytest.mark.parametrize(
    ("name", "tagged"),
    [
        ("shop", "shop:latest"),
        ("shop:1", "shop:1"),
        ("example.com:5000/shop", "example.com:5000/shop:latest"),
        ("example.com:5000/shop:1", "example.com:5000/shop:1"),
        ("shop@sha256:00", "shop@sha256:00"),
    ],
)
def test_one_tag_is_packed(name: str, tagged: str) -> None:
    assert shipment.tagged(name) == tagged
