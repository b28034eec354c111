#include "async/resolver.h"

#include "async/event.h"
#include "async/hosts_file.h"
#include "async/reactor.h"
#include "base/bytes.h"

#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

namespace sallyport::async {
namespace {

using Addresses = std::vector<ResolvedAddress>;

constexpr std::uint16_t kDnsPort = 53;
constexpr int kFirstTimeoutMs = 1000;  // doubled with every further try
constexpr int kTriesPerServer = 3;

// Shared by c-ares, which cannot forget a single query, and the coroutine that waits, which may go away.
struct Query {
  std::string name;
  std::optional<Result<Addresses>> answer;
  Event done;
};
using QueryPtr = std::shared_ptr<Query>;

ErrorCode code_of(int status) {
  switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
      return ErrorCode::kNotFound;
    case ARES_EBADNAME:
      return ErrorCode::kInvalid;
    case ARES_ETIMEOUT:
      return ErrorCode::kTimeout;
    default:
      return ErrorCode::kUnavailable;
  }
}

std::unexpected<Error> failed(const std::string& name, ErrorCode code, std::string_view why) {
  Error error{code, "cannot resolve the name \"" + name + "\": " + std::string(why)};
  error.side = Side::kUpstream;
  return fail(std::move(error));
}

// IPv4 first; what is known by an alias is valid as long as the alias.
Addresses addresses_of(const ares_addrinfo& found) {
  int aliases_valid = INT32_MAX;
  for (const auto* alias = found.cnames; alias; alias = alias->next)
    aliases_valid = std::min(aliases_valid, alias->ttl);
  const std::chrono::seconds at_most(std::max(aliases_valid, 0));
  Addresses addresses;
  for (const int family : {AF_INET, AF_INET6}) {
    for (const auto* node = found.nodes; node; node = node->ai_next) {
      if (node->ai_family != family) continue;
      const std::chrono::seconds valid(std::max(node->ai_ttl, 0));
      addresses.push_back({Address(node->ai_addr, node->ai_addrlen), std::min(valid, at_most)});
    }
  }
  return addresses;
}

class CaresResolver final : public Resolver {
 public:
  CaresResolver(Reactor& reactor, bool enable_ipv6, std::string hosts_file)
      : reactor_(reactor), enable_ipv6_(enable_ipv6), hosts_(std::move(hosts_file)) {}
  CaresResolver(const CaresResolver&) = delete;
  ~CaresResolver() override {
    if (channel_) ares_destroy(channel_);
  }

  Status open(const std::string& servers) {
    static const int library = ares_library_init(ARES_LIB_INIT_ALL);
    ares_options options{};
    options.timeout = kFirstTimeoutMs;
    options.tries = kTriesPerServer;
    options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
      static_cast<CaresResolver*>(self)->watch(fd, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    char lookups[] = "b";  // the servers alone: c-ares would read the hosts file for each look-up
    options.lookups = lookups;
    int status = library;
    if (status == ARES_SUCCESS) {
      status = ares_init_options(&channel_, &options,
                                 ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS);
    }
    if (status == ARES_SUCCESS && !servers.empty()) status = ares_set_servers_ports_csv(channel_, servers.c_str());
    if (status == ARES_SUCCESS) return {};
    return fail(ErrorCode::kUnavailable, std::string("name lookup cannot start: ") + ares_strerror(status));
  }

  Task<Result<Addresses>> lookup(std::string name, Milliseconds timeout) override {
    if (auto literal = Address::from_ip(name, 0)) return Result<Addresses>(Addresses{{*literal, {}}});
    if (name.empty()) return Result<Addresses>(failed(name, ErrorCode::kInvalid, "it is empty"));
    Addresses known = from_hosts_file(name);
    if (!known.empty()) return Result<Addresses>(std::move(known));
    return ask(std::move(name), timeout);
  }

 private:
  // IPv4 first. They are valid for as long as nobody asks again, as the file may change at any time.
  Addresses from_hosts_file(const std::string& name) {
    const std::vector<Address> found = hosts_.find(name, reactor_.now());
    Addresses addresses;
    for (const int family : {AF_INET, AF_INET6}) {
      if (family == AF_INET6 && !enable_ipv6_) break;
      for (const Address& address : found) {
        if (address.family() == family) addresses.push_back({address, {}});
      }
    }
    return addresses;
  }

  Task<Result<Addresses>> ask(std::string name, Milliseconds timeout) {
    auto query = std::make_shared<Query>();
    query->name = std::move(name);
    start(query);
    if (!query->answer) {
      auto deadline = reactor_.start_timer(timeout, Reactor::Repeat::kOnce, [waiting = query.get()] {
        if (waiting->answer) return;
        waiting->answer = failed(waiting->name, ErrorCode::kTimeout, "no answer in time");
        waiting->done.set();
      });
      co_await query->done;
    }
    co_return std::move(*query->answer);
  }

  void start(const QueryPtr& query) {
    ares_addrinfo_hints hints{};
    hints.ai_family = enable_ipv6_ ? AF_UNSPEC : AF_INET;
    hints.ai_flags = ARES_AI_NOSORT;
    auto* shared = new QueryAndOwner{query, this};
    ares_getaddrinfo(channel_, query->name.c_str(), nullptr, &hints, &CaresResolver::on_answer, shared);
    set_timer();
  }

  struct QueryAndOwner {
    QueryPtr query;
    CaresResolver* owner;
  };
  static void on_answer(void* shared, int status, int, ares_addrinfo* found) {
    std::unique_ptr<QueryAndOwner> asked(static_cast<QueryAndOwner*>(shared));
    std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> freed(found, &ares_freeaddrinfo);
    if (asked->query->answer || status == ARES_EDESTRUCTION) return;
    Addresses addresses;
    if (found) addresses = addresses_of(*found);
    if (!addresses.empty()) {
      asked->query->answer = std::move(addresses);
    } else {
      if (status == ARES_SUCCESS) status = ARES_ENODATA;
      asked->query->answer = failed(asked->query->name, code_of(status), ares_strerror(status));
    }
    asked->owner->answered_.push_back(std::move(asked->query));
  }

  // c-ares wants to hear of this socket, or no longer.
  void watch(ares_socket_t fd, bool readable, bool writable) {
    watches_.erase(fd);
    if (!readable && !writable) return;
    watches_[fd] = reactor_.watch(fd, readable, writable, [this, fd](bool can_read, bool can_write) {
      process(can_read ? fd : ARES_SOCKET_BAD, can_write ? fd : ARES_SOCKET_BAD);
    });
  }

  void process(ares_socket_t readable, ares_socket_t writable) {
    ares_process_fd(channel_, readable, writable);
    set_timer();
    while (!answered_.empty()) {  // only now, so that nobody is resumed inside c-ares
      QueryPtr query = std::move(answered_.back());
      answered_.pop_back();
      query->done.set();
    }
  }

  // For the next time a query has to be sent again.
  void set_timer() {
    timeval until{};
    if (!ares_timeout(channel_, nullptr, &until)) {
      timer_.reset();
      return;
    }
    const Milliseconds delay(until.tv_sec * 1000 + until.tv_usec / 1000 + 1);
    timer_ = reactor_.start_timer(delay, Reactor::Repeat::kOnce, [this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); });
  }

  Reactor& reactor_;
  bool enable_ipv6_;
  HostsFile hosts_;
  ares_channel channel_ = nullptr;
  std::unordered_map<ares_socket_t, std::unique_ptr<Watch>> watches_;
  std::unique_ptr<Timer> timer_;
  std::vector<QueryPtr> answered_;
};

// "ip", "ip:port", "[ip]:port" as c-ares reads them.
Result<std::string> server_text(std::string_view server) {
  std::string_view ip = server;
  std::uint16_t port = kDnsPort;
  const std::size_t colon = server.rfind(':');
  const bool has_port = colon != std::string_view::npos &&
                        (server.starts_with('[') ? server[colon - 1] == ']' : server.find(':') == colon);
  if (has_port) {
    auto number = parse_unsigned(server.substr(colon + 1));
    if (!number || *number == 0 || *number > 65535) {
      return fail(ErrorCode::kInvalid,
                  "name server \"" + std::string(server) + "\": the port is no number from 1 to 65535");
    }
    ip = server.substr(0, colon);
    port = static_cast<std::uint16_t>(*number);
  }
  auto address = Address::from_ip(ip, port);
  if (!address) return fail_at("name server \"" + std::string(server) + "\"", std::move(address).error());
  return address->to_string();
}

}  // namespace

Result<std::unique_ptr<Resolver>> open_resolver(Reactor& reactor, ResolverOptions options) {
  std::string servers;
  for (const std::string& server : options.servers) {
    TRY(std::string text, server_text(server));
    if (!servers.empty()) servers += ',';
    servers += text;
  }
  auto resolver = std::make_unique<CaresResolver>(reactor, options.enable_ipv6, std::move(options.hosts_file));
  TRY_STATUS(resolver->open(servers));
  return resolver;
}

}  // namespace sallyport::async
