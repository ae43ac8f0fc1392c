"""What makes pods of Jobs, and gives them a node.

jobcontroller.py is the loop around reconcile.py, which decides (jobfacts.py, jobpods.py, indexes.py: what it knows of
a Job and its pods); it also removes what is past its TTL or has lost its owner. scheduler.py is the loop around
placement.py, which says what fits.
"""
