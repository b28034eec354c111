#pragma once
// The requests for one source: over the HTTP client of the upstreams, with certificates verified, redirects followed as
// far as source/reach.h has it, and bounded answers. Belongs to the control thread.

#include "async/resolver.h"
#include "async/task.h"
#include "base/clock.h"
#include "base/result.h"
#include "http/call.h"
#include "source/url.h"
#include "upstream/balancer.h"
#include "upstream/caller.h"
#include "upstream/connection_pool.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace sallyport::source {

using async::Task;

// What all visits share.
class Web final {
 public:
  // All of it outlives the Web. `own`: where no request may arrive.
  Web(async::Reactor& reactor, async::Resolver& resolver, const tls::ClientContext& tls, const Clock& clock,
      const upstream::ForbiddenAddresses& own);

 private:
  friend class Visit;
  // A client that reaches nothing in some networks, whatever names resolve to.
  struct Client {
    Client(Web& web, upstream::ForbiddenAddresses forbidden);
    upstream::ForbiddenAddresses forbidden;
    upstream::Balancer balancer;
    upstream::Caller caller;
  };

  async::Reactor& reactor_;
  async::Resolver& resolver_;
  const Clock& clock_;
  upstream::ConnectionPool pool_;
  Client open_;
  Client public_only_;
};

struct Wanted {
  Url url;
  http::OwnedFields headers;
  std::string authorization;  // goes to the origin of `url` alone; or empty
  std::size_t most_bytes = 1 << 20;
  http::OwnedFields secret_headers = {};  // as `authorization`
  std::string body = {};                  // not empty: it is a POST, also behind redirects
};

class Visit final {
 public:
  // `named`: where the source says that it is.
  Visit(Web& web, Url named, Milliseconds timeout) : web_(web), named_(std::move(named)), timeout_(timeout) {}

  // The answer behind all redirects, whatever its status. Errors say where: kInvalid for what may not be followed,
  // kUnavailable where nobody answers, kLimit.
  Task<Result<http::CallAnswer>> get(Wanted wanted);

 private:
  Task<Result<http::CallAnswer>> get_once(const Url& url, const Wanted& wanted, bool with_secret);
  Task<Status> look_at(const Url& url, bool is_named);

  Web& web_;
  Url named_;
  Milliseconds timeout_;
  bool knows_named_ = false;
  bool from_public_ = false;
};

// The value of a field, any case; empty when there is none.
std::string_view field(const http::CallAnswer& answer, std::string_view name);

// What an answer that is none of 200 and 304 means. Error: kUnavailable.
std::unexpected<Error> refused(const Url& url, int status);

}  // namespace sallyport::source
