"""A compose model as Docker Swarm runs it: a table of what becomes of each key, and what the engine's API gets."""
