"""The dashboard: `kqueue` in a terminal, a Textual app.

app.py      opens screens, binds keys and wires; base_app.py is the app as its screens know it
screens/    what fills the terminal; dialogs/ opens over it; widgets/ are the parts of both: one file each
actions.py  the one list of what can be done, from which bindings, footer, help and palette are made
view/       what is shown, computed without widgets (pure)
backend.py  what is needed of the cluster; connect.py makes it
feed.py     makes the Backend in a thread after the first paint; its queue's threads only post messages
acting.py   asks, writes in a thread, tells what came of it; writes.py says what
form/       the submit form without its screen: its fields, its check, its command; submitting.py sends it
logs/       the logs of a job, read in threads
settings.py how the screen is set; config.py and saved_state.py are the two files that it comes from

A module imports only what stands below it in pyproject.toml's layers of the dashboard. A screen reads
`self.dashboard` (backend, view, now) and gets QueueChanged at most four times a second. To add a screen for a job:
see screens/__init__.py and screens/job.py.
"""
