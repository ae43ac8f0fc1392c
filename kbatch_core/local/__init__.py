"""A small Kubernetes on this machine: the part of its API that we use, with processes for pods.

It runs what it is told as the user who started it, and isolates nothing (docs/local.md).
"""
