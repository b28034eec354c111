"""Addresses of this machine."""
import socket

import pytest


def other_own_address():
    """An IPv4 address of this machine that is not loopback: the one it would talk to a stranger with. No packet is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        return sock.getsockname()[0]


def has_ipv6_loopback():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        return True
    except OSError:
        return False
