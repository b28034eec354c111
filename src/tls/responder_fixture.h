#pragma once
// What an OCSP responder says, for unit tests; no part of the product.

#include "tls/openssl_ptr.h"
#include "tls/test_certificates_fixture.h"

#include <openssl/ocsp.h>

#include <string>

namespace sallyport::tls {

struct TestAnswer {
  int status = V_OCSP_CERTSTATUS_GOOD;
  long from = -60;    // seconds from now
  long until = 3600;  // 0: it does not say
};

// About `subject`, which `issuer` has signed; `signer` signs the answer.
inline std::string ocsp_answer(const TestCertificate& subject, const TestCertificate& issuer,
                               const TestCertificate& signer, const TestAnswer& wish = {}) {
  using TimePtr = std::unique_ptr<ASN1_TIME, FreeBy<ASN1_STRING_free>>;
  TimePtr from(X509_gmtime_adj(nullptr, wish.from)), until(X509_gmtime_adj(nullptr, wish.until));
  std::unique_ptr<OCSP_BASICRESP, FreeBy<OCSP_BASICRESP_free>> basic(OCSP_BASICRESP_new());
  std::unique_ptr<OCSP_CERTID, FreeBy<OCSP_CERTID_free>> id(
      OCSP_cert_to_id(nullptr, &subject.certificate(), &issuer.certificate()));
  ASN1_TIME* revoked = wish.status == V_OCSP_CERTSTATUS_REVOKED ? from.get() : nullptr;
  OCSP_basic_add1_status(basic.get(), id.get(), wish.status, 0, revoked, from.get(),
                         wish.until == 0 ? nullptr : until.get());
  OCSP_basic_sign(basic.get(), &signer.certificate(), &signer.key(), EVP_sha256(), nullptr, 0);
  std::unique_ptr<OCSP_RESPONSE, FreeBy<OCSP_RESPONSE_free>> response(
      OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get()));
  unsigned char* bytes = nullptr;
  const int size = i2d_OCSP_RESPONSE(response.get(), &bytes);
  std::string text(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return text;
}

}  // namespace sallyport::tls
