"""The merged compose model of an environment, as `invoke config` shows it."""

from __future__ import annotations

from typing import Any

from upready import dotenv
from upready.secrets import masking
from upready.stack import model
from upready.stack import selection as stacks
from upready.stack.settings import Settings


def merge(settings: Settings, environment: str, *, reveal: bool) -> dict[str, Any]:
    """The merged model of an environment, every profile included; secrets masked unless `reveal`.

    Raises:
        OpsError: Compose cannot merge what is chosen.
    """
    stack = stacks.select(settings, environment)
    merged = model.load_all(stack)
    if reveal:
        masking.reveal()
        return dict(merged.raw)
    return model.masked(merged, dotenv.secrets(stack, dotenv.values(stack)))
