"""Secrets: what they are, and how they are masked in output."""
