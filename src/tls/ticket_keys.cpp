#include "tls/ticket_keys.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>

namespace sallyport::tls {
namespace {

void wipe(std::optional<TicketKeys::Key>& key) {
  if (key) OPENSSL_cleanse(&*key, sizeof *key);
  key.reset();
}

bool fill(auto& bytes) { return RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1; }

}  // namespace

TicketKeys::~TicketKeys() {
  wipe(current_);
  wipe(previous_);
}

bool TicketKeys::renew(SteadyTime now) {
  if (current_ && now - made_ < lifetime_) return true;
  Key next;
  if (!fill(next.name) || !fill(next.cipher) || !fill(next.mac)) return false;
  bool is_recent = current_ && now - made_ < 2 * lifetime_;
  wipe(previous_);
  if (is_recent) previous_ = current_;
  wipe(current_);
  current_ = next;
  made_ = now;
  return true;
}

std::optional<TicketKeys::Key> TicketKeys::current(SteadyTime now) {
  std::lock_guard lock(mutex_);
  return renew(now) ? current_ : std::nullopt;
}

std::optional<TicketKeys::Key> TicketKeys::find(const unsigned char* name, SteadyTime now) {
  std::lock_guard lock(mutex_);
  if (!renew(now)) return std::nullopt;
  for (const auto& key : {current_, previous_}) {
    if (key && std::equal(key->name.begin(), key->name.end(), name)) return key;
  }
  return std::nullopt;
}

}  // namespace sallyport::tls
