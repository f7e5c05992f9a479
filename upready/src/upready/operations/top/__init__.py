"""What `invoke top` shows of a stack: gathered in the background, and given as one state at a time.

state      the state at one moment
usage      CPU and memory of each container, with a short history
log_lines  the last log entries, filtered
gather     the threads that keep all of it up to date
"""
