"""A compose model translated into Kubernetes objects: pure functions, and a list of what cannot be carried."""
