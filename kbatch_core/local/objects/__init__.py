"""Objects, from what a client sent to what is stored.

resources.py creates, updates, patches and deletes; on the way stand decode.py (the types in schema.py), defaults.py,
patches.py, validation.py, updates.py (what may change) and admission.py (limit ranges and quotas).
"""
