"""`kqueue --demo`: a scripted cluster that needs none. Screenshots and tests use it, by a clock of theirs."""
