"""`kqueue doctor`: what kbatch and kqueue need, gone through one by one. It reads, and writes nothing.

`examine.py` asks, `cluster_checks.py` and `local_checks.py` judge.
"""
