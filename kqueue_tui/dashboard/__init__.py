"""The dashboard: `kqueue` in a terminal, a Textual app.

app.py      composes, binds keys and wires; screens/ and widgets/ have one file each
actions.py  the one list of what can be done, from which bindings, footer, help and palette are made
view/       what is shown, computed without Textual (pure)
backend.py  what is needed of the cluster; connect.py makes it
feed.py     makes the Backend in a thread after the first paint; its queue's threads only post messages
acting.py   asks, writes in a thread, tells what came of it; writes.py says what

A screen reads `self.dashboard` (backend, view, now) and gets QueueChanged at most four times a second. To add a
screen for a job: see screens/__init__.py and screens/job.py.
"""
