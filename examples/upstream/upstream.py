#!/usr/bin/env python3
"""A small upstream to put behind the gateway: it answers with what it was asked.

usage: upstream.py [--host 127.0.0.1] [--port 1980]      port 0 takes a free one and prints it, alone on a line

  /hello      "hello world" and a line end
  /headers    the request's headers as JSON
  /get        method, url, args, headers and origin as JSON
  /status/N   status N, from 200 to 599
  /echo       the request's body
  others      the request line, the headers in their order, and the size of the body, as JSON

Every method is answered, HEAD without a body. It speaks HTTP/1.1 with keep-alive and reads bodies of both framings.
"""
import argparse
import json
import re
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class BadRequest(Exception):
    """The request's body cannot be read; the text says why."""


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write a response
    disable_nagle_algorithm = True

    def __getattr__(self, name):
        # The library calls do_METHOD; here all methods are alike.
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def version_string(self):
        return "upstream"

    def answer(self):
        try:
            body = self.read_body()
        except BadRequest as reason:
            self.close_connection = True
            self.reply(400, f"{reason}\n")
            return
        target = urlsplit(self.path)
        if target.path == "/hello":
            self.reply(200, "hello world\n")
        elif target.path == "/headers":
            self.reply_json({"headers": self.header_map()})
        elif target.path == "/get":
            self.reply_json(self.described(target))
        elif target.path.startswith("/status/"):
            self.reply_status(target.path.removeprefix("/status/"))
        elif target.path == "/echo":
            self.reply(200, body, self.headers.get("Content-Type", "application/octet-stream"))
        else:
            self.reply_json({"request": self.requestline, "headers": self.headers.items(), "body_size": len(body)})

    def read_body(self):
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self.read_chunks()
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal():
            raise BadRequest(f"Content-Length {length!r} is no number")
        return self.read_exactly(int(length))

    def read_chunks(self):
        """RFC 9112 7.1; extensions and trailers are read and forgotten."""
        body = bytearray()
        while True:
            size = self.rfile.readline(1024).split(b";")[0].strip()
            if not re.fullmatch(rb"[0-9A-Fa-f]+", size):
                raise BadRequest(f"{size!r} is no chunk size")
            left = int(size, 16)
            if left == 0:
                break
            body += self.read_exactly(left)
            if self.rfile.readline(8).strip():
                raise BadRequest("a chunk is longer than its size says")
        while self.rfile.readline(65536).strip():
            pass
        return bytes(body)

    def read_exactly(self, size):
        data = self.rfile.read(size)
        if len(data) < size:
            raise BadRequest(f"the body ended after {len(data)} of {size} bytes")
        return data

    def header_map(self):
        """Names as they came; the values of a repeated name are joined, as RFC 9110 5.3 allows."""
        joined = {}
        for name, value in self.headers.items():
            joined[name] = f"{joined[name]}, {value}" if name in joined else value
        return joined

    def described(self, target):
        args = parse_qs(target.query, keep_blank_values=True)
        return {
            "method": self.command,
            "url": f"http://{self.headers.get('Host', '')}{self.path}",
            "args": {name: values[0] if len(values) == 1 else values for name, values in args.items()},
            "headers": self.header_map(),
            "origin": self.client_address[0],
        }

    def reply_status(self, text):
        if text.isdecimal() and 200 <= int(text) <= 599:
            self.reply(int(text), f"{text}\n")
        else:
            self.reply(400, f"status {text!r} is not between 200 and 599\n")

    def reply_json(self, value):
        self.reply(200, json.dumps(value, indent=2) + "\n", "application/json")

    def reply(self, status, body, content_type="text/plain"):
        data = body.encode() if isinstance(body, str) else body
        has_body = status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
        self.send_response(status)
        if has_body:
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if has_body and self.command != "HEAD":
            self.wfile.write(data)
        self.wfile.flush()

    def log_message(self, *_):
        """Silent: the gateway's access log tells the same."""


class Upstream(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, request, client_address):
        # A peer that goes away in the middle is no news; everything else is.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser(description="A small upstream to put behind the gateway.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1980, help="0 takes a free port and prints it")
    options = parser.parse_args()
    try:
        server = Upstream((options.host, options.port), Answers)
    except OSError as error:
        sys.exit(f"upstream: cannot listen on {options.host}:{options.port}: {error.strerror}; name another --port")
    port = server.server_address[1]
    print(port if options.port == 0 else f"upstream: listening on {options.host}:{port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
