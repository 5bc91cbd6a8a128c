"""Crash storms: the suite works while its processes are killed; then every promise is checked. See deploy/storm."""
