"""A disk that can be full: a file system of its own, in memory, whose size is set at will."""

import os
import pathlib
import subprocess
import tempfile

from supervisor.account import Account

_LARGE = "1g"


class Disk:
    """Mounted at a folder. Raises `PermissionError` where this account may mount nothing."""

    def __init__(self, owner: Account) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rapport-disk-"))
        try:
            self._mount("-t", "tmpfs", "-o", f"size={_LARGE},mode=0700", "rapport-disk")
        except PermissionError:
            self.folder.rmdir()
            raise
        owner.own(self.folder)

    def fill(self, left: int) -> None:
        """Leaves so many bytes free."""
        found = os.statvfs(self.folder)
        used = (found.f_blocks - found.f_bfree) * found.f_frsize
        self._mount("-o", f"remount,size={(used + left) // 1024 + 1}k")

    def clear(self) -> None:
        """There is room again."""
        self._mount("-o", f"remount,size={_LARGE}")

    def remove(self) -> None:
        """Unmounts it, with all that is on it."""
        subprocess.run(["umount", str(self.folder)], check=True)
        self.folder.rmdir()

    def _mount(self, *options: str) -> None:
        done = subprocess.run(["mount", *options, str(self.folder)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise PermissionError(f"A file system cannot be mounted here: {done.stderr.strip()}")
