"""What journeys are made of: a gateway process, upstreams that remember, a client that hides nothing."""
