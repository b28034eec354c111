#pragma once
// What the authority of a certificate has said last about it (OCSP, RFC 6960), for clients that ask in their handshake
// (RFC 6066 8). The control thread asks and puts answers in; handshakes of all workers read. All but the answer is
// immutable.

#include "base/clock.h"
#include "base/result.h"
#include "tls/openssl_ptr.h"

#include <openssl/ocsp.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace sallyport::tls {

// Whom to ask about the certificates of a rule, and what to believe.
struct StapleSource {
  std::string responder;             // "http://..."; empty: whom the certificate names
  bool verifies = true;              // the signatures of answers
  Milliseconds most_age{3'600'000};  // before it is asked again
};

class Staple final {
 public:
  struct Answer {
    std::string bytes;  // DER
    WallTime until;     // it may be shown so long
  };
  using AnswerPtr = std::shared_ptr<const Answer>;

  // `chain` has the certificate of the issuer. Error: kInvalid: it has not, or nobody is named who could be asked.
  static Result<std::shared_ptr<Staple>> make(X509& certificate, STACK_OF(X509) & chain, const StapleSource& source);

  const std::string& subject() const noexcept { return subject_; }
  const std::string& fingerprint() const noexcept { return fingerprint_; }  // of the certificate
  const std::string& responder() const noexcept { return responder_; }
  const std::string& request() const noexcept { return request_; }  // DER
  // Equal for staples that may show the same answers.
  const std::string& identity() const noexcept { return identity_; }
  // How long after `now` the responder is to be asked again, were `answer` taken now: half of what is left of its time,
  // and `most_age` at most.
  Milliseconds refresh_after(const Answer& answer, WallTime now) const;

  // Looks at an answer of the responder: whole, signed by the issuer or in its name, about this certificate, in its
  // time, and good. Error: kInvalid, saying what it is not.
  Result<AnswerPtr> check(std::string_view der, WallTime now) const;
  void show(AnswerPtr answer) const;
  // Null: there is none whose time has not passed.
  AnswerPtr shown(WallTime now) const;

 private:
  Staple() = default;
  Status check_signature(OCSP_BASICRESP& answer) const;

  using CertIdPtr = std::unique_ptr<OCSP_CERTID, FreeBy<OCSP_CERTID_free>>;

  std::string subject_, fingerprint_, responder_, request_, identity_;
  StapleSource source_;
  CertIdPtr id_;
  StorePtr issuers_;  // who may vouch for answers
  // Of `answer_`. Handshakes hold it for a copy of a pointer; they are far from being that many.
  mutable std::mutex mutex_;
  mutable AnswerPtr answer_;
};

using StaplePtr = std::shared_ptr<const Staple>;

// Whether clients are told to insist on a staple (RFC 7633).
bool must_staple(X509& certificate);

}  // namespace sallyport::tls
