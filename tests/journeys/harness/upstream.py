"""Upstreams of a journey: real servers that remember what arrived and answer as they are told.

An answer is a mapping:
  status, reason, headers, body      a usual answer; the body has a Content-Length
  chunks, trailers                   a chunked body instead
  until_close: text                  a body that ends with the connection
  raw: bytes                         sent as they are; then the connection is closed unless keep: true
  rest: (event, bytes)               after raw: more, once the event is set (journeys in Python)
  interim: [103, ...]                heads that go before
  close: true                        closes after the request without a word
  hang: true                         never answers
  held: event                        answers once the event is set (journeys in Python)
  same_connection: n                 closes the connection after n answers, without saying so
Answers are given in turn, the last one for ever.
"""
import socket
import threading

from .patience import seconds
from .ports import ReservedPort
from .wire import Stream, WireError, chunked, head_bytes, pairs, to_bytes

HELLO = {"status": 200, "headers": {"Content-Type": "text/plain"}}


class Seen:
    """One request as it arrived."""

    def __init__(self, message, connection, peer_port):
        self.message = message
        self.connection = connection  # number of the connection, from 1
        self.peer_port = peer_port

    def __getattr__(self, name):
        return getattr(self.message, name)


class Upstream:
    """On 127.0.0.1 and a port of its own, unless `host` and `port` say otherwise."""

    def __init__(self, name="upstream-a", answers=None, down=False, host="127.0.0.1", port=0, tls=None):
        """`tls`: a context of Python's ssl, with which connections begin."""
        self.name = name
        self.answers = answers or [{**HELLO, "body": f"hello from {name}\n"}]
        self.seen = []
        self.connections = 0
        self.broken = []  # what arrived and was no HTTP
        self.handshakes = []  # (server name, common name of the client's certificate), each of them or None
        self.resumed = []     # whether each of these went on with an earlier session
        self.tls = tls
        if tls:
            tls.sni_callback = lambda sock, name, _: setattr(sock, "asked_for", name)
        self._lock = threading.Lock()
        self._sockets = []
        self._ended = threading.Event()
        self._threads = []
        self._reserved = None
        self._listener = None
        if down:
            self._reserved = ReservedPort()
            self.port = self._reserved.number
        else:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._listener = socket.create_server((host, port), family=family, backlog=128)
            self.port = self._listener.getsockname()[1]
            self._start(self._accept)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def _start(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                sock, peer = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._ended.is_set():
                    sock.close()
                    return
                self.connections += 1
                number = self.connections
                self._sockets.append(sock)
            self._start(self._serve, sock, number, peer[1])

    def _serve(self, sock, number, peer_port):
        answered = 0
        try:
            sock = self._shake_hands(sock)
            stream = Stream(sock)
            while not stream.is_closed():
                message = self._read(stream)
                answer = self._remember(Seen(message, number, peer_port))
                answered += 1
                if not self._answer(stream, message, answer) or answered == answer.get("same_connection"):
                    break
        except (WireError, ValueError) as error:
            with self._lock:
                self.broken.append(str(error))
        except OSError:
            pass  # the gateway went away, or the journey ended
        finally:
            sock.close()

    def _shake_hands(self, sock):
        if not self.tls:
            return sock
        sock = self.tls.wrap_socket(sock, server_side=True)
        subject = (sock.getpeercert() or {}).get("subject", ())
        client = dict(pair for part in subject for pair in part).get("commonName")
        with self._lock:
            self._sockets.append(sock)
            self.handshakes.append((getattr(sock, "asked_for", None), client))
            self.resumed.append(sock.session_reused)
        return sock

    def _read(self, stream):
        message = stream.head()
        if (message.get("expect") or "").lower() == "100-continue":
            stream.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        stream.body_of(message, may_run_until_close=False)
        return message

    def _remember(self, seen):
        with self._lock:
            self.seen.append(seen)
            return self.answers[min(len(self.seen), len(self.answers)) - 1]

    def _answer(self, stream, request, answer):
        """Sends the answer; False when the connection ends with it."""
        if answer.get("hang"):
            self._ended.wait()
            return False
        if answer.get("close"):
            return False
        if held := answer.get("held"):
            held.wait()
        for status in answer.get("interim", []):
            stream.send(f"HTTP/1.1 {status} Interim\r\nLink: </a.css>\r\n\r\n".encode())
        if "raw" in answer:
            stream.send(to_bytes(answer["raw"]))
            if rest := answer.get("rest"):
                rest[0].wait()
                stream.send(rest[1])
            return bool(answer.get("keep"))
        status = answer.get("status", 200)
        headers = pairs(answer.get("headers"))
        start = f"HTTP/1.1 {status} {answer.get('reason', 'Fine')}"
        if "chunks" in answer:
            body = chunked(answer["chunks"], answer.get("trailers"))
            headers.append(("Transfer-Encoding", "chunked"))
        elif "until_close" in answer:
            body = to_bytes(answer["until_close"])
        else:
            body = to_bytes(answer.get("body", ""))
            if status not in (204, 304) and "content-length" not in (n.lower() for n, _ in headers):
                headers.append(("Content-Length", str(len(body))))
        no_body = request.method == "HEAD" or status in (204, 304)
        stream.send(head_bytes(start, headers) + (b"" if no_body else body))
        return "until_close" not in answer

    def take_seen(self):
        """What arrived since the last call."""
        with self._lock:
            seen, self.seen = self.seen, []
            # The answers go on where they are.
            self.answers = self.answers[min(len(seen), len(self.answers) - 1):]
            return seen

    def stop(self):
        self._ended.set()
        if self._reserved:
            self._reserved.release()
        if self._listener:
            # A shutdown wakes the thread in accept; a close alone does not.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        with self._lock:
            for sock in self._sockets:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        for thread in self._threads:
            thread.join(timeout=seconds(60))
