#include "tls/certificate.h"

#include "base/hex.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>

namespace sallyport::tls {
namespace {

std::unexpected<Error> wrong(std::string what) { return fail(ErrorCode::kInvalid, std::move(what)); }

BioPtr reader_of(std::string_view text) {
  constexpr std::size_t kMost = std::numeric_limits<int>::max();
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(std::min(text.size(), kMost))));
}

// A key in clear is asked for: nobody is there to type a passphrase.
int no_passphrase(char*, int, int, void*) { return -1; }

std::string text_of(const X509_NAME* name) {
  BioPtr out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string text_of(const ASN1_TIME* time) {
  BioPtr out(BIO_new(BIO_s_mem()));
  ASN1_TIME_print(out.get(), time);
  char* text = nullptr;
  long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string digest_text(const X509& certificate, const EVP_MD* hash) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  X509_digest(&certificate, hash, digest.data(), &size);
  return to_hex({digest.data(), size});
}

using AlternativeNames = std::unique_ptr<GENERAL_NAMES, FreeBy<GENERAL_NAMES_free>>;

// `kind` is GEN_DNS or GEN_URI.
std::string first_name_of(const X509& certificate, int kind) {
  AlternativeNames names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != kind) continue;
    const ASN1_IA5STRING* text = name->d.ia5;
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
  }
  return {};
}

}  // namespace

Result<std::vector<X509Ptr>> parse_certificates(std::string_view pem) {
  ERR_clear_error();
  BioPtr reader = reader_of(pem);
  std::vector<X509Ptr> all;
  while (X509* next = PEM_read_bio_X509_AUX(reader.get(), nullptr, no_passphrase, nullptr)) all.emplace_back(next);
  const unsigned long last = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
  if (!at_end) return wrong(take_openssl_error() + "; give certificates in PEM");
  ERR_clear_error();
  if (all.empty()) return wrong("there is no \"-----BEGIN CERTIFICATE-----\"; give certificates in PEM");
  return all;
}

Result<KeyPtr> parse_private_key(std::string_view pem) {
  ERR_clear_error();
  BioPtr reader = reader_of(pem);
  KeyPtr key(PEM_read_bio_PrivateKey(reader.get(), nullptr, no_passphrase, nullptr));
  if (!key) return wrong(take_openssl_error() + "; give a private key in PEM, without passphrase");
  return key;
}

Result<KeyPair> KeyPair::parse(std::string_view certificate_pem, std::string_view key_pem) {
  KeyPair pair;
  auto chain = parse_certificates(certificate_pem);
  if (!chain) return wrong("failed to parse cert: " + chain.error().what);
  auto key = parse_private_key(key_pem);
  if (!key) return wrong("failed to parse key: " + key.error().what);
  if (X509_check_private_key(chain->front().get(), key->get()) != 1) {
    ERR_clear_error();
    return wrong("the key does not belong to the certificate (" + subject_text(*chain->front()) +
                 "); give the pair that was made together");
  }
  pair.certificate = std::move(chain->front());
  pair.chain.reset(sk_X509_new_null());
  for (std::size_t i = 1; i < chain->size(); ++i) sk_X509_push(pair.chain.get(), (*chain)[i].release());
  pair.key = std::move(*key);
  return pair;
}

std::string fault_of_time(X509& certificate, WallTime now) {
  std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const ASN1_TIME* until = X509_get0_notAfter(&certificate);
  const ASN1_TIME* from = X509_get0_notBefore(&certificate);
  if (X509_cmp_time(until, &seconds) < 0) return "expired on " + text_of(until);
  if (X509_cmp_time(from, &seconds) > 0) return "is not valid before " + text_of(from);
  return "";
}

std::string subject_text(X509& certificate) { return text_of(X509_get_subject_name(&certificate)); }
std::string issuer_text(X509& certificate) { return text_of(X509_get_issuer_name(&certificate)); }

std::string serial_text(X509& certificate) {
  std::string text;
  const ASN1_INTEGER* serial = X509_get0_serialNumber(&certificate);
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (int i = 0; i < ASN1_STRING_length(serial); ++i) {
    unsigned char byte = ASN1_STRING_get0_data(serial)[i];
    text += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

std::string fingerprint_text(X509& certificate) { return digest_text(certificate, EVP_sha1()); }
std::string sha256_text(X509& certificate) { return digest_text(certificate, EVP_sha256()); }

std::string dns_name_text(X509& certificate) { return first_name_of(certificate, GEN_DNS); }
std::string uri_text(X509& certificate) { return first_name_of(certificate, GEN_URI); }

}  // namespace sallyport::tls
