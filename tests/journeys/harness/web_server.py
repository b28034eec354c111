"""A server for one journey whose answers are a function: answer(path, headers) -> (status, {name: value}, bytes)."""
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class WebServer:
    """On 127.0.0.1 and a port of its own; `tls` is a context of Python's ssl. `answer` may be replaced at any time."""

    def __init__(self, answer, tls=None):
        self.answer = answer
        self.seen = []  # (path, headers) as they came
        self._stopped = False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if outer._stopped:  # what is left of a connection that was kept
                    self.close_connection = True
                    return
                outer.seen.append((self.path, self.headers))
                status, headers, body = outer.answer(self.path, self.headers)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 304:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # of a client that does not like the certificate
        self.port = self._server.server_address[1]
        self.address = f"127.0.0.1:{self.port}"
        self.scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def url(self, path, host="127.0.0.1"):
        return f"{self.scheme}://{host}:{self.port}{path}"

    def stop(self):
        self._stopped = True
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
