"""Ports that nobody else gets: bound here without listening for as long as the journey lasts, so that only a socket
which shares the port on purpose, as the gateway's do, can take it."""
import socket


class ReservedPort:
    def __init__(self, host="127.0.0.1"):
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.sock.bind((host, 0))
        self.number = self.sock.getsockname()[1]

    def release(self):
        self.sock.close()
