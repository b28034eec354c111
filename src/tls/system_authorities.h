#pragma once
// Whom the system trusts.

#include "tls/openssl_ptr.h"

namespace sallyport::tls {

// Makes `context` trust those of OpenSSL's default directory and file, or of SSL_CERT_DIR and SSL_CERT_FILE where the
// environment has them. Nothing is read now: in the directory a certificate is found by its name, and the file, whose
// hundreds take some 20 ms, is read at the first verification that wants one the directory has not.
void trust_system(SSL_CTX& context);

}  // namespace sallyport::tls
