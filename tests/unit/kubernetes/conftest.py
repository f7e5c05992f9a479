"""Stacks that are exported; compose itself reads them, no engine and no cluster is needed."""

from __future__ import annotations

import functools

import pytest

from tests.unit.conftest import MakeStack
from tests.unit.kubernetes.objects import Export, export_of


@pytest.fixture
def export(make_stack: MakeStack) -> Export:
    """Export compose files, whose services all get an image."""
    return functools.partial(export_of, make_stack)
