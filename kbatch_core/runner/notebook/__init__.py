"""Runs a notebook in a job, with the nbclient of the user's image.

It is a program that travels with the job as one zip file, which Python runs, and stands alone there: the standard
library, nbclient and what that needs; Python 3.8. docs/notebooks.md says what it promises.
"""
