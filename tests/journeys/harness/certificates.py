"""Certificates for journeys, made when they run."""
import datetime
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID


class Certificate:
    """A certificate and its key, signed by `issuer` or by itself."""

    def __init__(self, name, issuer=None, names=(), is_authority=False, days=(-1, 30), kind="ec",
                 responder=None, must_staple=False):
        """`responder`: the address of whom to ask about it (OCSP)."""
        self.name = name
        self._key = (ec.generate_private_key(ec.SECP256R1()) if kind == "ec"
                     else rsa.generate_private_key(public_exponent=65537, key_size=2048))
        now = datetime.datetime.utcnow()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (x509.CertificateBuilder().subject_name(subject)
                   .issuer_name(issuer.certificate.subject if issuer else subject)
                   .public_key(self._key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now + datetime.timedelta(days=days[0]))
                   .not_valid_after(now + datetime.timedelta(days=days[1]))
                   .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True))
        if not is_authority:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([x509.DNSName(n) for n in (names or [name])]), critical=False)
        if responder:
            access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(responder))
            builder = builder.add_extension(x509.AuthorityInformationAccess([access]), critical=False)
        if must_staple:
            builder = builder.add_extension(x509.TLSFeature([x509.TLSFeatureType.status_request]), critical=False)
        self.certificate = builder.sign(issuer._key if issuer else self._key, hashes.SHA256())

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self):
        return self._key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                       serialization.NoEncryption()).decode()

    def ssl(self, **more):
        """The resource that serves it for its name."""
        return {"snis": [self.name], "cert": self.pem, "key": self.key_pem, **more}

    def write(self, folder):
        """Files with the certificate and the key."""
        certificate, key = folder / f"{self.name.strip('*.')}.crt", folder / f"{self.name.strip('*.')}.key"
        certificate.write_text(self.pem)
        key.write_text(self.key_pem)
        return str(certificate), str(key)


def authority(name="authority"):
    return Certificate(name, is_authority=True)


def client_context(trusted, version=None, certificate=None):
    """Of Python's ssl; `certificate` is a pair of files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=trusted.pem)
    if version:
        context.minimum_version = context.maximum_version = version
    if certificate:
        context.load_cert_chain(*certificate)
    return context
