"""Stands between callers and a server, and can keep the server's answers to itself."""

import asyncio
import contextlib

from .loop import Loop


class Relay:
    """Passes bytes on both ways. Muted, it passes calls on and holds the answers; then they are lost."""

    def __init__(self, loop: Loop, target: str) -> None:
        self._loop = loop
        self._host, _, self._port = target.rpartition(":")
        self._connections: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._speaks = asyncio.Event()
        self._speaks.set()
        self._server = loop.run(asyncio.start_server(self._connect, "127.0.0.1", 0))

    @property
    def address(self) -> str:
        """Where callers connect."""
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def mute(self) -> None:
        """From now on the server does what it is asked, and nobody hears that it did."""
        self._loop.loop.call_soon_threadsafe(self._speaks.clear)

    def cut(self) -> None:
        """Breaks all connections, with the answers that were held, and passes on again."""
        self._loop.run(self._cut())

    async def _cut(self) -> None:
        for ends in list(self._connections):
            for end in ends:
                end.transport.abort()
        self._connections.clear()
        self._speaks.set()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection(self._host, int(self._port))
        except OSError:
            writer.transport.abort()
            return
        ends = (writer, back)
        self._connections.add(ends)
        try:
            await asyncio.gather(self._pass_on(reader, back), self._pass_back(there, writer, ends))
        finally:
            self._connections.discard(ends)
            for end in ends:
                end.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
            writer.write_eof()

    async def _pass_back(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        ends: tuple[asyncio.StreamWriter, asyncio.StreamWriter],
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                await self._speaks.wait()
                # Cut meanwhile: the answer is lost.
                if ends not in self._connections:
                    return
                writer.write(data)
                await writer.drain()
        # A server that has gone has nothing more to hear.
        for end in ends:
            end.transport.abort()
