#pragma once
// Certificates for unit tests, made when they run; no part of the product.

#include "tls/openssl_ptr.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <string>
#include <vector>

namespace sallyport::tls {

inline std::string text_of(BIO& bio) {
  char* text = nullptr;
  long size = BIO_get_mem_data(&bio, &text);
  return {text, static_cast<std::size_t>(size)};
}

// A certificate and its key, as PEM; signed by itself or by another.
class TestCertificate {
 public:
  struct Wish {
    std::string name = "a.example";  // common name, and subject alternative name
    bool is_authority = false;
    long from = -3600;  // seconds from now
    long until = 3600;
    std::string more_name = {};  // a further extension, by OpenSSL's short name ...
    std::string more = {};       // ... and its value
  };

  explicit TestCertificate(const Wish& wish, const TestCertificate* issuer = nullptr)
      : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
    static long serial = 0x1000;
    X509* x = certificate_.get();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x), wish.from);
    X509_gmtime_adj(X509_getm_notAfter(x), wish.until);
    X509_set_pubkey(x, key_.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(wish.name.c_str()), -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer->certificate_.get() : x));
    extend(NID_basic_constraints, wish.is_authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (!wish.is_authority) extend(NID_subject_alt_name, "DNS:" + wish.name);
    if (!wish.more_name.empty()) extend(OBJ_sn2nid(wish.more_name.c_str()), wish.more);
    X509_sign(x, issuer ? issuer->key_.get() : key_.get(), EVP_sha256());
  }

  std::string pem() const {
    BioPtr out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(out.get(), certificate_.get());
    return text_of(*out);
  }
  std::string key_pem() const {
    BioPtr out(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(out.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return text_of(*out);
  }
  X509& certificate() const { return *certificate_; }
  EVP_PKEY& key() const { return *key_; }

 private:
  void extend(int nid, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    X509_add_ext(certificate_.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }

  KeyPtr key_;
  X509Ptr certificate_;
};

}  // namespace sallyport::tls
