"""The certificate that all servers of a run show."""
import dataclasses
import pathlib
import subprocess

SERVER_NAME = "bench.test"      # what the generator asks for


@dataclasses.dataclass(frozen=True)
class Certificate:
    file: pathlib.Path
    key_file: pathlib.Path

    def as_resource(self):
        return {"id": "bench", "snis": [SERVER_NAME], "cert": self.file.read_text(encoding="ascii"),
                "key": self.key_file.read_text(encoding="ascii")}


def make(folder):
    """P-256, valid for a day, signed by itself."""
    made = Certificate(folder / "server.crt", folder / "server.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", f"/CN={SERVER_NAME}", "-addext", f"subjectAltName=DNS:{SERVER_NAME}", "-days", "1",
                    "-keyout", made.key_file, "-out", made.file], check=True, capture_output=True)
    return made
