// A saturating load: clients of HTTP/1.1 or HTTP/2 and, if asked, the upstream behind the proxy, in one thread that
// never sleeps unless told to nap, so that no proxy pays for waking its peers. Closed loop: a client sends its next
// request when the last response is there.
//
// Prints START when counting begins, "DONE n" where --mark-every asks for it, and at the end one line with a JSON
// object. Every response is compared with what is expected. Exits with 0 when all were as expected, with 1 when not.

#include "cpu_time.h"
#include "h1_client.h"
#include "h2_client.h"
#include "head_text.h"
#include "latencies.h"
#include "options.h"
#include "upstream.h"

#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <deque>
#include <memory>
#include <optional>

namespace bench {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kIdleBeforeYielding = 300'000;
constexpr std::uint64_t kStalled = 20 * kSecond;
constexpr std::uint64_t kMostFailures = 1000;

std::vector<std::string> request_fields(const Options& options) {
  std::vector<std::string> fields = {
      "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
      "Accept: application/json, text/plain, */*",
      "Accept-Encoding: gzip, deflate",
      "Cookie: session=0123456789abcdef0123456789abcdef; lang=en",
      "X-Trace-Id: 7f9d3c1e-6a5b-4c3d-8e2f-1a0b9c8d7e6f",
  };
  fields.insert(fields.end(), options.headers.begin(), options.headers.end());
  return fields;
}

std::string request_text(const Options& options, const std::string& body) {
  std::string text = (body.empty() ? "GET " : "POST ") + options.path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  for (const std::string& field : request_fields(options)) text += field + "\r\n";
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + body;
}

class Load final : public ClientEvents {
 public:
  explicit Load(const Options& options)
      : options_(options),
        body_(options.post_bytes, 'b'),
        request_(request_text(options, body_)),
        h2_request_(options.tls ? "https" : "http", options.path, request_fields(options), body_) {
    if (options.tls) tls_.emplace(options.streams != 0 ? "h2" : "http/1.1");
    expected_.status = options.expected_status;
    for (const std::string& header : options.expected_headers) {
      expected_.headers.push_back(Expectation::header_line(header));
    }
    expected_.body = options.expected_body;
    if (options.upstream == 0) return;
    upstream_.emplace(options.upstream, options.body_bytes, poller_);
    if (expected_.body.empty()) expected_.body = upstream_->body();
  }

  int run() {
    const std::uint64_t started = now_ns();
    const bool counts_all = options_.requests != 0;
    begins_at_ = started + (counts_all ? 0 : static_cast<std::uint64_t>(options_.warm_up_seconds * kSecond));
    ends_at_ = counts_all ? ~0ULL : begins_at_ + static_cast<std::uint64_t>(options_.seconds * kSecond);
    if (counts_all) start_counting();
    start_clients();
    turn_until_the_end(started);
    report();
    return failures_ == 0 ? 0 : 1;
  }

  bool take_turn() override {
    if (options_.requests != 0 && taken_ >= options_.requests && is_released()) return false;
    ++taken_;
    return true;
  }

  bool take_turn(H1Client& client) override {
    if (options_.under_way == 0) return take_turn();
    H1Client* next = &client;
    if (!queue_.empty() || under_way() >= options_.under_way) {
      queue_.push_back(&client);
      if (under_way() >= options_.under_way) return false;
      next = queue_.front();
    }
    if (!take_turn()) return false;
    if (!queue_.empty()) queue_.pop_front();
    if (next != &client) next->ask();
    return next == &client;
  }

  void done(std::uint64_t latency_ns) override {
    latencies_.add(latency_ns);
    count_one();
  }

  void failed(const std::string& reason) override {
    if (failures_++ == 0) first_failure_ = reason;
    if (failures_ == kMostFailures) give_up("too many failed requests; the first: " + first_failure_);
    count_one();
  }

 private:
  void start_clients() {
    for (int i = 0; i < options_.connections; ++i) {
      clients_.push_back(client());
      clients_.back()->start();
    }
  }

  std::unique_ptr<Client> client() {
    const TlsClients* tls = tls_ ? &*tls_ : nullptr;
    if (options_.streams == 0) {
      return std::make_unique<H1Client>(options_.proxy, tls, request_, ResponseReader(expected_, known_head_), poller_,
                                        *this);
    }
    return std::make_unique<H2Client>(options_.proxy, tls, options_.streams, h2_request_, expected_, known_head_,
                                      poller_, *this);
  }

  void turn_until_the_end(std::uint64_t started) {
    std::uint64_t last_event = started;
    std::uint64_t last_answer = started;
    for (std::uint64_t time = started; time < ends_at_ && !all_are_done();) {
      if (!counting_ && time >= begins_at_) start_counting();
      const std::uint64_t answers_before = answers_;
      if (options_.nap_us != 0) usleep(options_.nap_us);
      const bool was_busy = poller_.turn(0);
      if (!was_busy && time - last_event > kIdleBeforeYielding) yield(last_event);
      const std::uint64_t turned = now_ns();
      if (was_busy) last_event = turned;
      if (!was_busy) idle_ns_ += turned - time;
      if (answers_ != answers_before) last_answer = turned;
      if (turned - last_answer > kStalled) give_up("no response for 20 seconds");
      time = turned;
    }
    finish_counting();
  }

  // A spinning thread would keep the kernel's softirq thread of this core from running.
  static void yield(std::uint64_t& last_event) {
    usleep(10);
    last_event = now_ns();
  }

  bool all_are_done() const { return options_.requests != 0 && answers_ >= options_.requests && answers_ == taken_; }

  bool is_released() {
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    released_ = released_ || !options_.until_released || poll(&input, 1, 0) > 0;
    return released_;
  }

  std::uint64_t under_way() const { return taken_ - answers_; }

  void count_one() {
    ++answers_;
    if (options_.mark_every == 0 || answers_ % options_.mark_every != 0) return;
    std::printf("DONE %llu\n", static_cast<unsigned long long>(answers_));
    std::fflush(stdout);
  }

  void start_counting() {
    counting_ = true;
    latencies_.clear();
    idle_ns_ = 0;
    std::puts("START");
    std::fflush(stdout);
    own_cpu_ = cpu_time_of(kOwn);
    cpu_ = cpu_time_of(options_.cpu_of);
    counted_from_ = now_ns();
  }

  void finish_counting() {
    counted_ns_ = now_ns() - counted_from_;
    cpu_ = cpu_time_of(options_.cpu_of) - cpu_;
    own_cpu_ = cpu_time_of(kOwn) - own_cpu_;
  }

  void report() const {
    const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
    const double seconds = static_cast<double>(counted_ns_) / kSecond;
    std::printf("{\"requests\": %llu, \"failures\": %llu, \"seconds\": %.6f, \"rps\": %.1f,",
                number(latencies_.count()), number(failures_), seconds,
                static_cast<double>(latencies_.count()) / seconds);
    std::printf(" \"p50_us\": %llu, \"p99_us\": %llu, \"p999_us\": %llu,", number(latencies_.quantile(0.5)),
                number(latencies_.quantile(0.99)), number(latencies_.quantile(0.999)));
    std::printf(" \"cpu_ns\": %llu, \"wait_ns\": %llu, \"own_idle_ns\": %llu, \"own_wait_ns\": %llu,",
                number(cpu_.run_ns), number(cpu_.wait_ns), number(idle_ns_), number(own_cpu_.wait_ns));
    std::printf(" \"first_failure\": %s, \"response_head\": %s, \"upstream_request\": %s}\n",
                as_json_string(first_failure_).c_str(), as_json_string(known_head_.bytes()).c_str(),
                as_json_string(upstream_ ? upstream_->first_request() : "").c_str());
  }

  const pid_t self_ = getpid();
  const std::span<const pid_t> kOwn{&self_, 1};
  const Options& options_;
  const std::string body_;
  const std::string request_;
  const H2Request h2_request_;
  std::optional<TlsClients> tls_;
  Expectation expected_;
  KnownHead known_head_;
  Poller poller_;
  std::optional<Upstream> upstream_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::deque<H1Client*> queue_;  // in which they wait for their turn

  std::uint64_t begins_at_ = 0;
  std::uint64_t ends_at_ = 0;
  bool counting_ = false;
  std::uint64_t counted_from_ = 0;
  std::uint64_t counted_ns_ = 0;
  std::uint64_t idle_ns_ = 0;  // of this thread: turns in which nothing was ready
  CpuTime cpu_;                // at the start of counting, later what was used since
  CpuTime own_cpu_;

  bool released_ = false;
  std::uint64_t taken_ = 0;
  std::uint64_t answers_ = 0;
  std::uint64_t failures_ = 0;
  std::string first_failure_;
  Latencies latencies_;
};

}  // namespace
}  // namespace bench

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  const bench::Options options = bench::parse_options(count, words);
  return bench::Load(options).run();
}
