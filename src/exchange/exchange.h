#pragma once
// One request and its response as plugins, expressions and the log see it. It holds no socket types.
// An Exchange belongs to one worker; every text in it lives in its arena.

#include "async/task.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/result.h"
#include "http/message.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::exchange {

// An end of a connection.
struct Peer {
  std::string_view ip;
  std::uint16_t port = 0;
};

// The certificates that the two ends of a TLS connection have shown: texts that are made when somebody asks for them.
class Certificates {
 public:
  enum class End : std::uint8_t { kLocal, kPeer };
  enum class Text : std::uint8_t {
    kSubject,  // RFC 2253
    kDnsName,  // the first of the alternative names of that kind
    kUri,      // as that
    kSha256,   // of the whole certificate, hex digits
  };
  // Empty: there is no such certificate, or it has no such name.
  virtual std::string text(End end, Text text) const = 0;

 protected:
  ~Certificates() = default;
};

// What is known of the way to the upstream beside the endpoint, told when somebody asks; made by the proxy.
class UpstreamFacts {
 public:
  // What calls of plugins know it by: its name, or its id where that name means another one. Empty where no call can
  // name it, as it is written in a route or service.
  virtual std::string_view name() const = 0;
  virtual std::size_t nodes() const = 0;  // 0: the request goes to no upstream
  // Of the connection of the last try; empty without one, or where it has ended by a failure.
  virtual std::string local_address() const = 0;                                     // "ip:port"
  virtual std::string_view tls_version() const = 0;                                  // "TLSv1.3"; empty also in clear
  virtual std::string certificate(Certificates::End, Certificates::Text) const = 0;  // empty also in clear

 protected:
  ~UpstreamFacts() = default;
};

// What the handshake of a client's TLS connection agreed upon.
struct ClientTls {
  std::string protocol;     // "TLSv1.3"
  std::string cipher;       // as OpenSSL calls it
  std::string server_name;  // that the client asked for, in lower case; empty: none
  bool resumed = false;
  // Of the client's certificate, as nginx words it: NONE, SUCCESS or FAILED:reason. The others are empty without one.
  std::string verdict = "NONE";
  std::string subject, issuer, serial, fingerprint;
  const Certificates* certificates = nullptr;  // of the connection; null: nobody knows them

  bool is_verified() const noexcept { return verdict == "SUCCESS"; }
};

// What a balancer chose for one try, in plain text.
struct EndpointView {
  std::string_view host;     // as configured: a name or an address
  std::string_view address;  // "ip:port" that is connected to
  std::string_view ip;
  std::uint16_t port = 0;
};

// What the matched configuration is called; empty where there is none.
struct Matched {
  std::string_view route_id;
  std::string_view route_name;
  std::string_view service_id;
  std::string_view service_name;
  std::string_view uri;   // the route's own pattern, e.g. "/a/*"
  std::string_view host;  // the route's own host pattern
};

struct Timing {
  SteadyTime started;
  SteadyTime ended{};  // known where the log takes time of its own
  // Durations are negative until known.
  std::chrono::nanoseconds upstream_ready{-1};  // until the present try had a connection, kept or new
  std::chrono::nanoseconds upstream_connect{-1};
  std::chrono::nanoseconds upstream_header{-1};
  std::chrono::nanoseconds upstream_response{-1};  // until the last byte of the response
};

// Who made the response that goes to the client.
enum class ResponseSource : std::uint8_t { kNone, kUpstream, kPlugin, kGateway };

// Reads the body of the request while its head has not left for the upstream; made by the proxy.
class RequestBodyReader {
 public:
  // The whole body; later request_body stages see it as one last chunk. Error: kLimit when it is longer than `limit`.
  virtual async::Task<Result<std::string_view>> whole_request_body(std::size_t limit) = 0;

 protected:
  ~RequestBodyReader() = default;
};

// Lets a plugin wait without holding its worker; made by the proxy.
class Waiter {
 public:
  virtual async::Task<void> sleep(Milliseconds duration) = 0;

 protected:
  ~Waiter() = default;
};

// A property of this exchange that a plugin or the gateway has set by name.
struct Property {
  std::string_view name;
  std::string_view value;
};

class Exchange {
 public:
  Exchange(Arena& exchange_arena, const Clock& exchange_clock);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  Arena& arena;
  const Clock& clock;

  // The request. `request.headers` and `request.method` are what plugins may change before the head leaves.
  http::RequestHead request;
  std::string_view scheme = "http";
  std::string_view host;            // of the request, lower case, without port
  std::string_view uri;             // path, decoded and normalised: for matching and for plugins
  std::string_view path;            // path for the upstream: the client's own bytes, dot segments resolved
  std::string_view query;           // after '?', without it
  bool has_query = false;           // "/a?" has an empty query, "/a" has none
  std::string_view request_target;  // as it arrived, for logs
  std::string_view request_method;  // as it arrived, for logs
  std::string_view upstream_host;   // Host for the upstream; empty: the upstream's pass_host decides
  std::string_view upstream_scheme = "http";
  // Fields behind the body, from the arrival of its last piece on; null: there are none. Plugins may change them until
  // they have left, and make them as long as they have the last piece of the body.
  http::Headers* request_trailers = nullptr;
  Peer client;
  Peer local;
  const ClientTls* tls = nullptr;    // null: the connection is in clear
  std::size_t worker = 0;            // number of the worker, from 0
  std::uint64_t connection_id = 0;   // unique in this process
  std::uint64_t request_number = 0;  // on its connection, from 1

  // What was decided for it.
  Matched matched;
  EndpointView endpoint;                    // of the present try
  unsigned tries = 0;                       // upstream tries begun so far
  const UpstreamFacts* upstream = nullptr;  // null: nobody knows them
  std::string_view connect_failure;         // why the last try had no connection; empty: it had one
  // A plugin has changed what routes look at: the route is chosen once more, before the request leaves.
  bool route_is_outdated = false;
  std::uint64_t snapshot_revision = 0;

  // The response. Plugins may change it until its head has left.
  http::ResponseHead response;
  bool response_head_sent = false;
  ResponseSource response_source = ResponseSource::kNone;
  http::Headers* response_trailers = nullptr;  // as those of the request
  int upstream_status = 0;                     // of the last try, 0 when none answered
  std::string_view upstream_addresses;         // all tries, ", " between them, for the log
  std::string_view upstream_statuses;

  // For the log: why the gateway itself made a 4xx or 5xx, e.g. "plugin:fault-injection", "no_route",
  // "upstream_timeout".
  std::string_view reason;
  std::string_view answer_details;  // what the plugin that answered says of why, if anything
  Timing timing;
  std::uint64_t request_head_bytes = 0;
  std::uint64_t request_body_bytes = 0;
  std::uint64_t response_body_bytes = 0;  // sent to the client
  std::uint64_t response_bytes = 0;       // sent to the client with heads
  bool metrics_by_name = false;           // metrics name the route and service, rather than show their ids
  bool broken_off = false;                // the client's connection, or stream, ended before the response did
  bool log_waits = false;                 // a plugin has not done with its log phase yet
  bool delay_injected = false;            // by a plugin that makes faults on purpose
  bool abort_injected = false;            // as that

  RequestBodyReader* body_reader = nullptr;
  async::Task<Result<std::string_view>> whole_request_body(std::size_t limit);

  Waiter* waiter = nullptr;
  // Returns at once when there is no waiter.
  async::Task<void> sleep(Milliseconds duration);

  // When it began. Worked out for whoever asks first: a look at the wall clock costs more than it is worth to others.
  WallTime started_wall() const;
  // From its beginning until now, or its end.
  std::chrono::nanoseconds elapsed() const {
    return (timing.ended == SteadyTime{} ? clock.steady() : timing.ended) - timing.started;
  }

  // Names this exchange in logs and headers: 32 random hex digits, unless it was set. Not empty.
  std::string_view request_id() const;
  void set_request_id(std::string_view id);  // copies

  // Names of nginx and APISIX: uri, arg_x, http_x, cookie_x, remote_addr, route_id ... (exchange/variables.cpp), then
  // the properties set here. Nothing when it is unknown or has no value now.
  std::optional<std::string_view> variable(std::string_view name) const;

  // Properties are visible to every plugin of this exchange, to expressions and to the log.
  void set_property(std::string_view name, std::string_view value);  // copies both
  std::optional<std::string_view> property(std::string_view name) const noexcept;
  void forget_properties(std::string_view prefix);  // those whose name begins with it
  std::span<const Property> properties() const noexcept { return properties_; }

  // Replaces path and query for the upstream; `target` is "/path?query" in the wire's form.
  void set_upstream_target(std::string_view target);

 private:
  std::vector<Property> properties_;
  mutable std::string_view request_id_;
  mutable std::optional<WallTime> started_wall_;
};

}  // namespace sallyport::exchange
