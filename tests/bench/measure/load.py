"""Runs the generator and reads what it says."""
import json
import subprocess

from . import process


class Load:
    """A generator under way. It is also the upstream, when the proxy has one. It ends by itself, also when nothing
    answers it any more, but with --until-released not before `release`."""

    def __init__(self, program, placement, *options):
        argv = [str(word) for word in (program, *options)]
        self.child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      text=True, start_new_session=True,
                                      preexec_fn=lambda: placement.enter(placement.load_core))
        placement.raise_session_of(self.child.pid)
        self.figures = None
        self.complaint = ""

    def marks(self):
        """The numbers of requests done, as the generator reports them; ends when it ends."""
        for line in self.child.stdout:
            if line.startswith("DONE "):
                yield int(line.split()[1])
            elif line.startswith('{"requests"'):
                self.figures = json.loads(line)
            elif line != "START\n":
                self.complaint += line

    def result(self):
        """The generator's figures, at its end. Error: Failed when it gave up, with its reason."""
        try:
            for _ in self.marks():
                pass
        finally:
            self.stop()
        if self.figures is None:
            raise process.Failed(self.complaint.strip() or f"the generator ended with {self.child.returncode}")
        return self.figures

    def release(self):
        self.child.stdin.close()

    def stop(self):
        """Ends it when it still runs."""
        self.release()
        self.child.stdout.close()
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()


def options_for(scenario):
    """How the generator asks, and what it must be answered, in one scenario."""
    options = ["--path", scenario.path, "--body", scenario.response_bytes, "--post", scenario.post_bytes]
    if scenario.tls:
        options += ["--tls", 1]
    if scenario.streams:
        options += ["--streams", scenario.streams]
    if scenario.header:
        options += ["--expect-header", scenario.header]
    if scenario.body:
        options += ["--expect-body", scenario.body]
    return options
