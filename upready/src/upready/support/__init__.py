"""What could serve any program: errors, files, processes, the operating system."""
