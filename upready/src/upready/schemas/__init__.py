"""The JSON documents of the tasks: their types, and the JSON Schema of each, which is made of these."""
