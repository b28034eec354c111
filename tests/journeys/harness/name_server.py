"""A small name server on loopback: UDP, A and AAAA (RFC 1035 4.1), answers that a journey may change at any time."""
import ipaddress
import socket
import struct
import threading

A, AAAA = 1, 28
NO_ERROR, NO_SUCH_NAME = 0, 3


class NameServer:
    """`answers["name"]` is a list of addresses; a name that is not there does not exist. While `silent`, it says nothing."""

    def __init__(self, time_to_live=1):
        self.answers = {}
        self.time_to_live = time_to_live  # seconds
        self.silent = False
        self.asked = []  # names, also while silent; one for each question
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._sock.getsockname()[1]
        self._ended = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def count(self, name):
        return self.asked.count(name)

    def _serve(self):
        while True:
            query, peer = self._sock.recvfrom(4096)
            if self._ended:
                return
            name, kind, question = self._question(query)
            self.asked.append(name)
            if not self.silent:
                self._sock.sendto(self._response(query, name, kind, question), peer)

    @staticmethod
    def _question(query):
        labels, at = [], 12
        while size := query[at]:
            labels.append(query[at + 1:at + 1 + size].decode("latin-1").lower())
            at += 1 + size
        kind, _ = struct.unpack_from(">HH", query, at + 1)
        return ".".join(labels), kind, query[12:at + 5]

    def _response(self, query, name, kind, question):
        known = self.answers.get(name)
        code = NO_SUCH_NAME if known is None else NO_ERROR
        records = []
        for text in known or []:
            address = ipaddress.ip_address(text)
            if kind == (A if address.version == 4 else AAAA):
                # The name is a pointer to the question.
                records.append(struct.pack(">HHHIH", 0xC00C, kind, 1, self.time_to_live, len(address.packed))
                               + address.packed)
        flags = 0x8180 | code
        return query[:2] + struct.pack(">HHHHH", flags, 1, len(records), 0, 0) + question + b"".join(records)

    def stop(self):
        self._ended = True
        self._sock.sendto(b"", self._sock.getsockname())
        self._thread.join()
        self._sock.close()
