"""Speed, beside what you would use instead: `invoke bench`, or a part of it by `uv run python -m bench.launch`."""
