"""Clients that ask without a pause while the gateway changes under them, and connect anew when it says that they should."""
import threading

from .client import Client
from .h2_client import Http2Client
from .wire import WireError


class Unceasing(threading.Thread):
    """Remembers whatever is no 200 with the body that is expected."""

    def __init__(self, body):
        super().__init__(daemon=True)
        self.body = body
        self.stopped = threading.Event()
        self.count = 0
        self.connections = 0
        self.failures = []

    def run(self):
        try:
            while not self.stopped.is_set():
                self.connections += 1
                self.visit()
        except (OSError, WireError, AssertionError) as error:
            self.failures.append(f"connection {self.connections}, after {self.count} requests: {error!r}")

    def note(self, status, text):
        self.count += 1
        if (status, text) != (200, self.body):
            self.failures.append(f"{status} {text[:80]!r}")

    def visit(self):
        """One connection to its end."""
        raise NotImplementedError


class KeepsAlive(Unceasing):
    """HTTP/1.1, over TLS where `connect` makes it so; a connection for each request with `keeps=False`."""

    def __init__(self, connect, body, keeps=True):
        super().__init__(body)
        self.connect = connect
        self.keeps = keeps

    def visit(self):
        with self.connect() as client:
            while not self.stopped.is_set():
                response = client.request("GET", "/a")
                self.note(response.status, response.text)
                if not self.keeps or response.get("connection") == "close":
                    return


class OverHttp2(Unceasing):
    """Asks until GOAWAY; what it opened before that is answered, or was refused by the last stream that it names."""

    def __init__(self, port, body, tls=None, server_name=None):
        super().__init__(body)
        self.connect = lambda: Http2Client(port, tls, server_name)

    def visit(self):
        with self.connect() as client:
            while not self.stopped.is_set() and not client.goaways and not client.closed:
                stream = client.begin("GET", "/a")
                client.until(lambda: client.answers[stream].is_over or self.was_refused(client, stream))
                if self.was_refused(client, stream):
                    return
                answer = client.answers[stream]
                self.note(answer.status, answer.text)

    @staticmethod
    def was_refused(client, stream):
        return any(last < stream for _, last in client.goaways)


class AllUnceasing:
    """For the time of a `with`; at its end each was answered and none has failed."""

    def __init__(self, clients):
        self.clients = clients

    def __enter__(self):
        for client in self.clients:
            client.start()
        return self

    def counts(self):
        return [client.count for client in self.clients]

    def all_go_on(self, before):
        """Whether each has been answered since `before`, or has failed."""
        return all(client.failures or client.count > count for client, count in zip(self.clients, before))

    def __exit__(self, *failure):
        for client in self.clients:
            client.stopped.set()
        for client in self.clients:
            client.join()
        if failure[0] is None:
            assert [client.failures for client in self.clients] == [[]] * len(self.clients)


def of_each_kind(gateway, body, tls, server_name):
    """Clients of a gateway's own listeners: HTTP/1.1 and HTTP/2, clear and over TLS, on kept and on new connections."""
    def over_tls():
        return gateway.connect_tls(tls(), server_name)

    def clear():
        return Client(gateway.ports["proxy"])

    return [*(KeepsAlive(clear, body) for _ in range(8)), *(KeepsAlive(clear, body, keeps=False) for _ in range(4)),
            *(KeepsAlive(over_tls, body) for _ in range(2)), KeepsAlive(over_tls, body, keeps=False),
            OverHttp2(gateway.ports["proxy"], body), OverHttp2(gateway.ports["tls"], body, tls(), server_name)]
