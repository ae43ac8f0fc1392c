"""The logs of a job for the log panes: read in threads, of one task or all, and saved whole."""
