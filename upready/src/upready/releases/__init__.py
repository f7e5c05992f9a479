"""Releases: a new version beside the old one, let in once it is ready; and back to the old one when it is not.

release_id  names that sort by time and name the commit
record      what was released, kept on the engine beside the project
history     which release is current, and which one is before it
override    the compose file that gives each service its release
plan        what a release would change, service by service
gate        whether new containers are ready, and stay so
retire      the end of the old ones: drained, their hooks run, stopped
rollout     all of it, in order; and the way back
prune       old releases and their images
"""
