"""Starts, watches and stops the suite's processes on one machine: used by deploy/run and by the end-to-end tests."""
