"""Log lines, whatever they come from: parsed, grouped, put in order, filtered."""
