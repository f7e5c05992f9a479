"""`invoke watch`: after an edit, what `develop.watch` says is done, and the services are judged."""
