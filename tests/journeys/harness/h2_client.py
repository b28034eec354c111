"""A client of HTTP/2 that sends what it is told, also what it should not."""
import socket

from h2.config import H2Configuration
from h2.connection import ConnectionState, H2Connection
from h2 import events
from h2.exceptions import ProtocolError
from hyperframe.frame import Frame

from .patience import seconds
from .wire import WireError


class Http2Answer:
    """What has come of the response on one stream."""

    def __init__(self):
        self.status = None
        self.headers = []
        self.interim = []
        self.body = b""
        self.trailers = []
        self.ended = False
        self.reset = None  # the code of RST_STREAM
        self.unacknowledged = 0

    @property
    def is_over(self):
        return self.ended or self.reset is not None

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def get(self, name):
        return next((value for key, value in self.headers if key == name.lower()), None)


class Http2Client:
    def __init__(self, port, tls=None, server_name=None):
        """`tls`: a context of Python's ssl; it offers h2."""
        sock = socket.create_connection(("127.0.0.1", port), timeout=seconds(60))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            tls.set_alpn_protocols(["h2", "http/1.1"])
            sock = tls.wrap_socket(sock, server_hostname=server_name)
            assert sock.selected_alpn_protocol() == "h2"
        self.sock = sock
        self.http2 = H2Connection(H2Configuration(
            client_side=True, header_encoding="utf-8", validate_outbound_headers=False, normalize_outbound_headers=False))
        self.answers = {}
        self.goaways = []  # (code, last stream)
        self.pings = 0
        self.closed = False
        self._arrived = b""
        self.takes_data = True  # gives windows back as data comes
        self.http2.initiate_connection()
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.sock.close()

    # what goes out

    def flush(self):
        self.send(self.http2.data_to_send())

    def send(self, data):
        """Bytes as they are. What the gateway no longer takes does not matter: what it says about that does."""
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def frame(self, frame):
        assert isinstance(frame, Frame)
        self.send(frame.serialize())

    def begin(self, method, path, headers=(), end=True, authority="gateway.test", pseudo=None, flush=True):
        """Opens a stream; `pseudo` replaces the usual four fields."""
        stream = self.http2.get_next_available_stream_id()
        self.answers[stream] = Http2Answer()
        usual = [(":method", method), (":scheme", "http"), (":authority", authority), (":path", path)]
        self.http2.send_headers(stream, [*(pseudo if pseudo is not None else usual), *headers], end_stream=end)
        if flush:
            self.flush()
        return stream

    def data(self, stream, data, end=False):
        """Sends as fast as the windows let it."""
        sent = 0
        while sent < len(data):
            room = min(self.http2.local_flow_control_window(stream), self.http2.max_outbound_frame_size, len(data) - sent)
            if room == 0:
                self.take()
                assert not self.closed, f"the gateway closed after {sent} bytes"
                continue
            self.http2.send_data(stream, data[sent:sent + room])
            sent += room
            self.flush()
        if end:
            self.http2.end_stream(stream)
            self.flush()

    def trailers(self, stream, fields):
        self.http2.send_headers(stream, fields, end_stream=True)
        self.flush()

    def reset(self, stream, code=8):
        self.http2.reset_stream(stream, code)
        self.flush()

    # what comes in

    def take(self):
        """Waits for the next bytes and takes them in."""
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            data = b""
        except socket.timeout:
            raise WireError("nothing arrived in time") from None
        if not data:
            self.closed = True
            return
        self._arrived += data
        while frame := self._next_frame():
            try:
                happened = self.http2.receive_data(frame)
            except ProtocolError as broken:
                raise WireError(f"the gateway broke the protocol: {broken!r}") from broken
            for event in happened:
                self._note(event)
        self.flush()

    def _next_frame(self):
        size = 9 + int.from_bytes(self._arrived[:3], "big")
        if len(self._arrived) < max(size, 9):
            return b""
        frame, self._arrived = self._arrived[:size], self._arrived[size:]
        return frame

    def _note(self, event):
        answer = self.answers.get(getattr(event, "stream_id", None))
        if isinstance(event, events.ResponseReceived):
            answer.status = int(dict(event.headers)[":status"])
            answer.headers = [(name, value) for name, value in event.headers if not name.startswith(":")]
        elif isinstance(event, events.InformationalResponseReceived):
            answer.interim.append(int(dict(event.headers)[":status"]))
        elif isinstance(event, events.DataReceived):
            answer.body += event.data
            answer.unacknowledged += event.flow_controlled_length
            if self.takes_data:
                self.give_back(event.stream_id)
        elif isinstance(event, events.TrailersReceived):
            answer.trailers = list(event.headers)
        elif isinstance(event, events.StreamEnded):
            answer.ended = True
        elif isinstance(event, events.StreamReset):
            answer.reset = int(event.error_code)
        elif isinstance(event, events.ConnectionTerminated):
            self.goaways.append((int(event.error_code), event.last_stream_id))
            self.http2.state_machine.state = ConnectionState.CLIENT_OPEN  # to h2, all is over then
        elif isinstance(event, events.PingAckReceived):
            self.pings += 1

    def give_back(self, stream):
        answer = self.answers[stream]
        if answer.unacknowledged and not answer.ended:
            self.http2.acknowledge_received_data(answer.unacknowledged, stream)
            answer.unacknowledged = 0
        self.flush()

    def until(self, condition):
        while not condition():
            assert not self.closed, f"the gateway closed the connection; it said {self.goaways}"
            self.take()

    def answer(self, stream):
        """Waits for the whole answer."""
        self.until(lambda: self.answers[stream].is_over)
        return self.answers[stream]

    def ask(self, method, path, body=None, headers=(), **more):
        stream = self.begin(method, path, headers, end=body is None, **more)
        if body is not None:
            self.data(stream, body, end=True)
        return self.answer(stream)

    def last_words(self):
        """The codes of GOAWAY up to the end of the connection, whatever else the gateway says."""
        codes = []
        while True:
            while frame := self._next_frame():
                if frame[3] == 7:
                    codes.append(int.from_bytes(frame[13:17], "big"))
            try:
                data = self.sock.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                return codes
            self._arrived += data

    def until_closed(self):
        while not self.closed:
            self.take()
        return self.goaways
