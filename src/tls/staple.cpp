#include "tls/staple.h"

#include "tls/certificate.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <optional>

namespace sallyport::tls {
namespace {

constexpr Milliseconds kLeeway{300'000};  // for clocks that differ
constexpr Milliseconds kLeastWait{1'000};

using RequestPtr = std::unique_ptr<OCSP_REQUEST, FreeBy<OCSP_REQUEST_free>>;
using ResponsePtr = std::unique_ptr<OCSP_RESPONSE, FreeBy<OCSP_RESPONSE_free>>;
using BasicPtr = std::unique_ptr<OCSP_BASICRESP, FreeBy<OCSP_BASICRESP_free>>;

struct FreeTexts {
  void operator()(STACK_OF(OPENSSL_STRING) * texts) const noexcept { X509_email_free(texts); }
};

std::unexpected<Error> wrong(std::string what) { return fail(ErrorCode::kInvalid, std::move(what)); }

template <class T>
std::string in_der(const T& object, int (*write)(const T*, unsigned char**)) {
  unsigned char* bytes = nullptr;
  const int size = write(&object, &bytes);
  std::string text(reinterpret_cast<const char*>(bytes), size > 0 ? static_cast<std::size_t>(size) : 0);
  OPENSSL_free(bytes);
  return text;
}

X509* issuer_in(STACK_OF(X509) & chain, X509& certificate) {
  for (int i = 0; i < sk_X509_num(&chain); ++i) {
    X509* candidate = sk_X509_value(&chain, i);
    if (X509_check_issued(candidate, &certificate) == X509_V_OK) return candidate;
  }
  return nullptr;
}

// Authority Information Access (RFC 5280 4.2.2.1); empty: there is none.
std::string responder_of(X509& certificate) {
  std::unique_ptr<STACK_OF(OPENSSL_STRING), FreeTexts> urls(X509_get1_ocsp(&certificate));
  return urls && sk_OPENSSL_STRING_num(urls.get()) > 0 ? sk_OPENSSL_STRING_value(urls.get(), 0) : "";
}

std::optional<WallTime> time_of(const ASN1_GENERALIZEDTIME* time) {
  std::tm parts{};
  if (!time || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

}  // namespace

bool must_staple(X509& certificate) { return X509_get_ext_by_NID(&certificate, NID_tlsfeature, -1) >= 0; }

Result<std::shared_ptr<Staple>> Staple::make(X509& certificate, STACK_OF(X509) & chain, const StapleSource& source) {
  std::shared_ptr<Staple> staple(new Staple);
  staple->subject_ = subject_text(certificate);
  staple->source_ = source;
  staple->responder_ = source.responder.empty() ? responder_of(certificate) : source.responder;
  if (staple->responder_.empty()) return wrong("it names no OCSP responder; give one as ocsp_stapling.responder_url");
  X509* issuer = issuer_in(chain, certificate);
  if (!issuer) return wrong("the certificate of its issuer is not behind it; append it to cert");
  staple->id_.reset(OCSP_cert_to_id(nullptr, &certificate, issuer));
  RequestPtr request(OCSP_REQUEST_new());
  OCSP_CERTID* id = staple->id_ ? OCSP_CERTID_dup(staple->id_.get()) : nullptr;
  if (!request || !id || !OCSP_request_add0_id(request.get(), id)) return wrong(take_openssl_error());
  staple->request_ = in_der(*request, i2d_OCSP_REQUEST);
  // An issuer that is no root is believed as one is: about this certificate nobody knows more.
  staple->issuers_.reset(X509_STORE_new());
  X509_STORE_add_cert(staple->issuers_.get(), issuer);
  X509_STORE_set_flags(staple->issuers_.get(), X509_V_FLAG_PARTIAL_CHAIN);
  staple->fingerprint_ = fingerprint_text(certificate);
  staple->identity_ = staple->fingerprint_ + fingerprint_text(*issuer) + staple->responder_ +
                      (source.verifies ? " verified" : " unverified");
  return staple;
}

// Signed by the issuer, or by whom the issuer has certified for that (RFC 6960 4.2.2.2).
Status Staple::check_signature(OCSP_BASICRESP& answer) const {
  if (!source_.verifies) return {};
  ERR_clear_error();
  if (OCSP_basic_verify(&answer, nullptr, issuers_.get(), OCSP_PARTIAL_CHAIN) == 1) return {};
  return wrong("it is not signed by the certificate's issuer, nor in its name: " + take_openssl_error());
}

Result<Staple::AnswerPtr> Staple::check(std::string_view der, WallTime now) const {
  ERR_clear_error();
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  ResponsePtr response(d2i_OCSP_RESPONSE(nullptr, &bytes, static_cast<long>(der.size())));
  if (!response || bytes != reinterpret_cast<const unsigned char*>(der.data()) + der.size()) {
    ERR_clear_error();
    return wrong("it is no OCSP response");
  }
  const int verdict = OCSP_response_status(response.get());
  if (verdict != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    return wrong(std::string("the responder answers ") + OCSP_response_status_str(verdict));
  }
  BasicPtr basic(OCSP_response_get1_basic(response.get()));
  if (!basic) return wrong("it is of an unknown type");
  TRY_STATUS(check_signature(*basic));
  int status = 0;
  ASN1_GENERALIZEDTIME* from = nullptr;
  ASN1_GENERALIZEDTIME* next = nullptr;
  if (OCSP_resp_find_status(basic.get(), id_.get(), &status, nullptr, nullptr, &from, &next) != 1) {
    return wrong("it is about another certificate");
  }
  if (status != V_OCSP_CERTSTATUS_GOOD) {
    return wrong(std::string("the certificate is ") + OCSP_cert_status_str(status));
  }
  const auto begins = time_of(from);
  const auto ends = next ? time_of(next) : now + source_.most_age;  // none: there is always newer information
  if (!begins || !ends) return wrong("its times are not readable");
  if (*begins > now + kLeeway) return wrong("it is not valid yet");
  if (*ends <= now) return wrong("its time has passed");
  return std::make_shared<const Answer>(Answer{std::string(der), *ends});
}

Milliseconds Staple::refresh_after(const Answer& answer, WallTime now) const {
  const auto half = std::chrono::duration_cast<Milliseconds>(answer.until - now) / 2;
  return std::max(kLeastWait, std::min(half, source_.most_age));
}

void Staple::show(AnswerPtr answer) const {
  const std::scoped_lock lock(mutex_);
  answer_ = std::move(answer);
}

Staple::AnswerPtr Staple::shown(WallTime now) const {
  const std::scoped_lock lock(mutex_);
  return answer_ && answer_->until > now ? answer_ : nullptr;
}

}  // namespace sallyport::tls
