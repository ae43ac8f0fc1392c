"""The API server.

server.py takes a request, target.py reads its URL and options.py its query, handlers.py does what it asks for.
Answers: pages.py (lists; selectors.py), watching.py, table.py (what kubectl prints), discovery.py, reviews.py (who
may do what), streams.py (logs and exec). housekeeping.py keeps namespaces and events in order.
"""
