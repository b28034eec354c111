#pragma once
// The keys that session tickets are sealed with (RFC 5077 4): made at random, in memory only, and thrown away after two
// lifetimes, so that who takes them from a running gateway opens little of what was recorded before. Shared by all
// workers, which lock them once a handshake.

#include "base/clock.h"
#include "tls/openssl_ptr.h"

#include <array>
#include <mutex>
#include <optional>

namespace sallyport::tls {

class TicketKeys final {
 public:
  struct Key {
    std::array<unsigned char, 16> name{};
    std::array<unsigned char, 32> cipher{};
    std::array<unsigned char, 32> mac{};
  };

  explicit TicketKeys(Milliseconds lifetime) : lifetime_(lifetime) {}
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;
  ~TicketKeys();

  // The one to seal with at `now`; nothing when no random bytes are to be had.
  std::optional<Key> current(SteadyTime now);
  // The one of that name, if it is still known.
  std::optional<Key> find(const unsigned char* name, SteadyTime now);

 private:
  bool renew(SteadyTime now);

  std::mutex mutex_;
  Milliseconds lifetime_;
  SteadyTime made_{};
  std::optional<Key> current_;
  std::optional<Key> previous_;
};

}  // namespace sallyport::tls
