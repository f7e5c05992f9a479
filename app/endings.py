"""How a model's answer ended, by the provider's word for it (`finish_reason`)."""

from __future__ import annotations

from typing import Literal

Ending = Literal["whole", "cut-off", "refused", "broken"]

# The words of OpenAI and OpenRouter, and those of endpoints that pass on a provider's or an engine's own.
WORDS: dict[Ending, str] = {
    "cut-off": "length max_tokens max_output_tokens model_length token_limit model_context_window_exceeded",
    "refused": "content_filter content_filtered safety recitation blocklist prohibited_content spii refusal sensitive"
    " guardrail_intervened",
    "broken": "error abort aborted cancelled canceled timeout incomplete insufficient_system_resource network_error",
}
_ENDINGS: dict[str, Ending] = {word: ending for ending, words in WORDS.items() for word in words.split()}


def ending(reason: object) -> Ending:
    """How an answer ended. Without a reason it broke off; one that is not known is a provider's word for its end."""
    if reason is None:
        return "broken"
    return _ENDINGS.get(str(reason).lower().replace("-", "_"), "whole")
