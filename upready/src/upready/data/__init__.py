"""What a stack must not lose: what of it is data, backups of that, and the way back."""
