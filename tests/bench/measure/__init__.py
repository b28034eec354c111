"""Measures the gateway beside its peers, and sends it requests while its routes change."""
