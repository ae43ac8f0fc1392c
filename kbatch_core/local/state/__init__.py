"""What a cluster remembers, and what everything else here stands on.

store.py holds the objects and their recent changes, of the resources in kinds.py; statuses.py has all refusals.
events.py writes events, deletion.py lets a pod go, podfacts.py answers questions about pods, quantities.py reads and
writes amounts.
"""
