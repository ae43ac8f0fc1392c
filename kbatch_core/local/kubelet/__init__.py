"""The node: pods as processes of this machine.

kubelet.py has one pod.py for each pod (status.py: what it tells of it; tools.py: what all share), and that one
containers.py for each container. From spec to process: start.py, fields.py (variables), volumes.py. process.py starts
keeper.py, which runs the process, writes its log and lives on when the server is killed; logs.py reads the log,
execute.py is exec, leftovers.py ends what runs without a server. machine.py is the Node object, sleeps.py the time in
which the machine slept.
"""
