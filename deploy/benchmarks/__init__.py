"""Comparisons with the best that others have, side by side on this machine: what deploy/bench runs."""
