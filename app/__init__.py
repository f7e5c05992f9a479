"""The AI service: Mermaid diagrams, validated and written by a language model, over HTTP.

It knows its own settings and the services it calls (the MCP server, PostgreSQL, an OpenRouter endpoint). It knows
nothing about containers, compose or the tasks that run it.
"""

__version__ = "0.1.0"
