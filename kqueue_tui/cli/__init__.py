"""The commands kbatch and kqueue. Nothing here imports textual: a plain list must start at once."""
