"""How long a journey waits for what must come. No journey depends on something *not* coming within a time.

SALLYPORT_PATIENCE multiplies every deadline, for slow machines and instrumented binaries.
"""
import os
import time


def seconds(usual):
    return usual * float(os.environ.get("SALLYPORT_PATIENCE", "1"))


def wait_until(condition, what, usual=60):
    """Asks again and again until `condition` gives something true, and returns that."""
    deadline = time.monotonic() + seconds(usual)
    while True:
        if found := condition():
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds(usual)} s for {what() if callable(what) else what}")
        time.sleep(0.01)
