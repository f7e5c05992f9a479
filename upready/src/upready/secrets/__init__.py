"""What must not be shown, and the mask over it."""
