"""A client that asks the same thing again and again, to see whether what happens meanwhile harms it."""
import threading

from .wire import WireError


class Asking(threading.Thread):
    """Asks on one connection until told to stop, and remembers whatever is no 200, or of which `is_good` says no."""

    def __init__(self, gateway, target="/a", is_good=lambda response: True):
        super().__init__(daemon=True)
        self.is_good = is_good
        self.target = target
        self.client = gateway.connect()
        self.stopped = threading.Event()
        self.count = 0
        self.failures = []
        self.start()

    def run(self):
        try:
            while not self.stopped.is_set():
                response = self.client.request("GET", self.target)
                self.count += 1
                if response.status != 200 or not self.is_good(response):
                    self.failures.append(response.start)
        except (OSError, WireError) as error:
            self.failures.append(repr(error))

    def stop(self):
        self.stopped.set()
        self.join()
        self.client.close()


class AllAsking:
    """Several of them, on connections of their own, for the time of a `with`; at its end none has failed."""

    def __init__(self, gateway, target="/a", clients=4, is_good=lambda response: True):
        self.clients = [Asking(gateway, target, is_good) for _ in range(clients)]

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        for client in self.clients:
            client.stop()
        if failure[0] is None:
            assert [client.failures for client in self.clients] == [[]] * len(self.clients)
            assert all(client.count > 0 for client in self.clients)
