"""`kqueue doctor`."""
