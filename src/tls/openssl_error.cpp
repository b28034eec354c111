#include "tls/openssl_ptr.h"

namespace sallyport::tls {

std::string take_openssl_error() {
  unsigned long last = ERR_peek_last_error();
  ERR_clear_error();
  if (last == 0) return "no reason was given";
  const char* reason = ERR_reason_error_string(last);
  return reason ? reason : "error " + std::to_string(ERR_GET_REASON(last));
}

}  // namespace sallyport::tls
