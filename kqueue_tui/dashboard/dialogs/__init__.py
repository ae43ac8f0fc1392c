"""What opens over a screen, asks or tells something, and closes: one file each."""
