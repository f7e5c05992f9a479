"""The compose files of this project itself, as the real compose program merges them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from tests.conftest import ROOT
from upready.stack import model, settings
from upready.stack import selection as stacks

pytestmark = pytest.mark.costly


def test_this_projects_own_files_load_in_every_environment() -> None:
    config = yaml.safe_load((ROOT / "invoke.yaml").read_text("utf-8"))
    found = settings.load(config, ROOT)
    for environment in found.environments:
        stack = stacks.select(found, environment, ("*",))
        # What compose demands; a clone has no .env yet.
        passwords = {"POSTGRES_PASSWORD": "x", "POSTGRES_API_PASSWORD": "y"}
        assert model.load(replace(stack, variables={**stack.variables, **passwords})).services
