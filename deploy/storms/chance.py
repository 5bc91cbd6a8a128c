"""Chance that replays: every draw is a pure function of the run's seed and of what it is drawn for."""

import random


class Chance:
    """The seed of a run."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def of(self, *what: object) -> random.Random:
        """A generator for one purpose: the same for the same seed, whatever else was drawn before."""
        return random.Random("/".join(map(str, (self.seed, *what))))
