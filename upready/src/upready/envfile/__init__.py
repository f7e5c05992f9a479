"""The text of a `.env` file: its lines, quotes and references, and the notation of its schema. Reads nothing else."""
