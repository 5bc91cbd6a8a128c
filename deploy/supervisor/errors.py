"""What can go wrong while the suite is started, run and stopped. Each message says what to do."""


class SuiteError(Exception):
    """The suite cannot go on. The text is for the person at the terminal."""


class ProcessDied(SuiteError):
    """A process of the suite ended by itself."""

    def __init__(self, name: str, status: int, log: str, last_lines: list[str]) -> None:
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        said = "".join(f"\n  | {line}" for line in last_lines) or " (it logged nothing)"
        super().__init__(f"{name} {how}. The last lines of {log}:{said}")
        self.name = name
