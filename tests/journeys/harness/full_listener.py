"""An address that takes no connection and refuses none."""
import socket


class FullListener:
    """A listener whose queue is full: the kernel drops further attempts to connect, as a firewall does."""

    def __init__(self, host="127.0.0.1", port=0):
        self.listener = socket.create_server((host, port), backlog=0)
        self.address = "%s:%d" % self.listener.getsockname()
        self.waiting = []
        while True:
            sock = socket.socket()
            self.waiting.append(sock)
            sock.settimeout(0.2)
            try:
                sock.connect(self.listener.getsockname())
            except TimeoutError:
                return

    def close(self):
        for sock in [self.listener, *self.waiting]:
            sock.close()
