"""How `invoke top` looks, and what its keys do.

lines      a line of a screen: pieces of text with a style, cut to a width
bars       a short history, a character a sample
table      a row a service
log_lines  log entries as lines
commands   the command that each key stands for
view       what the user has chosen; what a key changes of it
panels     help, diagnosis, what a service waits for
picture    the whole screen, from a state and a view
screen     the terminal: draws pictures and reads keys
plain      without a live screen: one look, or a line for each change
"""
