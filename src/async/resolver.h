#pragma once
// Host names to addresses. A Resolver belongs to one thread, whose Reactor it uses and which it never blocks.

#include "async/address.h"
#include "async/task.h"
#include "base/clock.h"
#include "base/result.h"

#include <memory>
#include <string>
#include <vector>

namespace sallyport::async {

class Reactor;

struct ResolvedAddress {
  Address address;  // port 0
  std::chrono::seconds time_to_live{0};
};

struct ResolverOptions {
  std::vector<std::string> servers;  // "ip", "ip:port", "[ip]:port"; empty: those of /etc/resolv.conf
  bool enable_ipv6 = true;           // ask for AAAA too
  std::string hosts_file = "/etc/hosts";
};

class Resolver {
 public:
  virtual ~Resolver() = default;

  // The addresses of `name`, IPv4 ones first, at least one; a literal address is its own answer, the hosts file goes
  // before the servers. `name` may be short: /etc/resolv.conf says which domains to try.
  // Error: kNotFound when there is no such name or it has no address, kTimeout, kUnavailable when no server answers,
  // kInvalid for what cannot be a name.
  virtual Task<Result<std::vector<ResolvedAddress>>> lookup(std::string name, Milliseconds timeout) = 0;
};

// A Resolver on c-ares. It is not destroyed by a coroutine that it resumes. Error: kInvalid, naming the server that
// cannot be read.
Result<std::unique_ptr<Resolver>> open_resolver(Reactor& reactor, ResolverOptions options);

}  // namespace sallyport::async
