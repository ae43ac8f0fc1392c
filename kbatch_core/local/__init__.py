"""A small Kubernetes on this machine: the part of its API that we use, with processes for pods.

It runs what it is told as the user who started it, and isolates nothing (docs/local.md).

lifecycle.py    start, find, stop and remove a cluster; place.py says where it lives, certificate.py makes its own
serve.py        its one process, from the beginning to the end
├── api/            HTTP: requests, lists, watches, tables, logs and exec
│   └── objects/    what an object may be and how it is written: fields, defaults, validation, patches, quotas
├── runner.py       what makes Jobs run, in one loop:
│   ├── controllers/    the Job controller and the scheduler
│   └── kubelet/        pods as processes, each container with a keeper that outlives the server
└── state/          what is remembered (SQLite), and what all others ask of it
"""
