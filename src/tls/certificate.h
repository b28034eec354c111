#pragma once
// Certificates and private keys as PEM text. Values; any thread may use them, one at a time.

#include "base/clock.h"
#include "base/result.h"
#include "tls/openssl_ptr.h"

#include <string>
#include <string_view>
#include <vector>

namespace sallyport::tls {

// Every certificate of the text, in its order; at least one.
// Error: kInvalid, saying what is not readable.
Result<std::vector<X509Ptr>> parse_certificates(std::string_view pem);
// Error: kInvalid; a key that needs a passphrase is not readable.
Result<KeyPtr> parse_private_key(std::string_view pem);

// A certificate with those that vouch for it, and its private key.
struct KeyPair {
  X509Ptr certificate;
  ChainPtr chain;  // the others
  KeyPtr key;

  // Error: kInvalid: "failed to parse cert: ...", "failed to parse key: ...", or that the two do not fit.
  static Result<KeyPair> parse(std::string_view certificate_pem, std::string_view key_pem);
};

// What is wrong with the time in which it is valid, as seen at `now`; empty: nothing. "expired on ...".
std::string fault_of_time(X509& certificate, WallTime now);

std::string subject_text(X509& certificate);  // RFC 2253
std::string issuer_text(X509& certificate);
std::string serial_text(X509& certificate);       // hex digits in upper case
std::string fingerprint_text(X509& certificate);  // SHA-1 of it, hex digits, as nginx's $ssl_client_fingerprint
std::string sha256_text(X509& certificate);       // as that

// The first of its alternative names of a kind; empty: it has none.
std::string dns_name_text(X509& certificate);
std::string uri_text(X509& certificate);

}  // namespace sallyport::tls
