"""A client that sends exactly what it is told."""
import json
import socket

from .patience import seconds
from .wire import Stream, chunked, head_bytes, pairs, to_bytes


class Client:
    """One connection to the gateway."""

    def __init__(self, port, host="127.0.0.1", tls=None, server_name=None, session=None):
        """`tls`: a context of Python's ssl, for a handshake with `server_name`."""
        sock = socket.create_connection((host, port), timeout=seconds(60))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a body must not wait for the head's acknowledgement
        if tls:
            sock = tls.wrap_socket(sock, server_hostname=server_name, session=session)
        self.sock = sock
        self.stream = Stream(sock)
        self.port = port

    def send(self, data):
        self.stream.send(to_bytes(data))

    def read(self, method="GET"):
        return self.stream.response(method)

    def request(self, method, target, headers=None, body=None, chunks=None, trailers=None, host="gateway.test",
                version="1.1", expect_continue=False):
        """Sends one request and reads its response. `host=None` sends no Host."""
        fields = [("Host", host)] if host is not None else []
        fields += pairs(headers)
        if chunks is not None:
            payload = chunked(chunks, trailers or ())
            fields.append(("Transfer-Encoding", "chunked"))
        else:
            payload = to_bytes(body) if body is not None else b""
            if body is not None:
                fields.append(("Content-Length", str(len(payload))))
        if expect_continue:
            fields.append(("Expect", "100-continue"))
        self.send(head_bytes(f"{method} {target} HTTP/{version}", fields))
        if expect_continue:
            return self._after_continue(method, payload)
        self.send(payload)
        return self.read(method)

    def _after_continue(self, method, payload):
        """Holds the body back until the gateway asks for it; an answer without asking is the response."""
        first = self.stream.head()
        if first.status != 100:
            first_is_response = first
            self.stream.body_of(first_is_response, may_run_until_close=True)
            return first_is_response
        self.send(payload)
        response = self.read(method)
        response.interim.insert(0, 100)
        return response

    def is_closed(self):
        return self.stream.is_closed()

    def close(self):
        self.stream.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ask(port, method, target, **options):
    """One request on a connection of its own."""
    with Client(port) as client:
        return client.request(method, target, **options)


def ask_json(port, method, target, body=None, headers=None):
    data = None if body is None else body if isinstance(body, (str, bytes)) else json.dumps(body)
    return ask(port, method, target, body=data, headers=headers)
