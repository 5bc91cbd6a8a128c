"""A network between a client and a server that can be watched, and that can fail."""

import contextlib
import socket
import threading


class Relay:
    """Passes connections on to a port, byte for byte."""

    def __init__(self, port):
        self.target = port
        self.sent = self.received = self.connections = 0
        self._open = []
        self._is_cut = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def cut(self):
        """From now on nothing comes through, and neither end is told."""
        self._is_cut = True

    def close(self):
        for opened in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)
            opened.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
                self._open += [client, server]
                self.connections += 1
                threading.Thread(target=self._pass, args=(client, server, "sent"), daemon=True).start()
                threading.Thread(target=self._pass, args=(server, client, "received"), daemon=True).start()

    def _pass(self, source, target, counter):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if not self._is_cut:
                    setattr(self, counter, getattr(self, counter) + len(data))
                    target.sendall(data)
            if not self._is_cut:
                target.shutdown(socket.SHUT_WR)
