"""The submit form: what is filled in, and the words of the `kbatch` command that it stands for."""
