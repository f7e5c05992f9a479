"""The tasks as tools for agents: a server of the Model Context Protocol (MCP) over standard input and output."""
