// Every way in which an exchange can go wrong with every other: who answers x where the upstream breaks off x where the
// client leaves x what takes too long x configuration that is read meanwhile x the length of both bodies. Each case is
// one exchange; afterwards nothing of it may be left, and the next request is served.
//   SALLYPORT_MATRIX=all   every case (`tools/test matrix`); otherwise each seventh

#include "plugins/native/native_plugins.h"
#include "simulation/client.h"
#include "simulation/server.h"
#include "simulation/wasm_answers.h"
#include "simulation/world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::simulation {
namespace {

constexpr std::size_t kLimit = 1'000;
constexpr Milliseconds kTooLong{20'000};

// The route, named after who answers, and its plugin.
struct Reply {
  std::string_view name;
  std::string_view plugins;
};
constexpr Reply kNobody{"none", ""};
constexpr Reply kReplies[] = {
    kNobody,
    {"native", R"("fault-injection": {"abort": {"http_status": 403, "body": "no"}})"},
    {"wasm-request-headers", R"("wasm-request-headers": {})"},
    {"wasm-request-body", R"("wasm-request-body": {})"},
    {"wasm-request-trailers", R"("wasm-request-trailers": {})"},
    {"wasm-response-headers", R"("wasm-response-headers": {})"},
    {"wasm-response-body", R"("wasm-response-body": {})"},
    {"wasm-response-trailers", R"("wasm-response-trailers": {})"},
    {"wasm-log", R"("wasm-log": {})"},
};
enum class Late : std::uint8_t { kNothing, kConnect, kSend, kRead };
constexpr Break kBreaks[] = {Break::kNever, Break::kBeforeHead, Break::kInHead, Break::kInBody, Break::kAfter};
constexpr Leave kLeaves[] = {Leave::kNever, Leave::kInHead, Leave::kInBody, Leave::kWaiting, Leave::kInResponse};
constexpr Late kLate[] = {Late::kNothing, Late::kConnect, Late::kSend, Late::kRead};
constexpr std::size_t kSizes[] = {0, 1, kLimit - 1, kLimit, kLimit + 1};

struct Case {
  Reply reply;
  Break breaks;
  Leave leaves;
  Late late;
  bool reloads;
  std::size_t size;

  // What is not there cannot break; an upstream that is not reached, or takes nothing, has nothing to break off.
  bool is_possible() const {
    if (size == 0 && (breaks == Break::kInBody || leaves == Leave::kInBody)) return false;
    return breaks == Break::kNever || (late != Late::kConnect && late != Late::kSend);
  }
  std::string words() const {
    return fmt::format("reply {}, upstream breaks {}, client leaves {}, late {}, {}reload, {} bytes", reply.name,
                       static_cast<int>(breaks), static_cast<int>(leaves), static_cast<int>(late), reloads ? "" : "no ",
                       size);
  }

  // What a client that stays may be told; 0: its connection ends.
  std::set<int> outcomes() const {
    if (reply.name == "native" || reply.name == "wasm-request-headers") {
      return size > kLimit ? std::set{403, 413} : std::set{403};
    }
    std::set<int> all = of_upstream();
    const bool goes_well = late == Late::kNothing && breaks == Break::kNever;
    if ((reply.name == "wasm-request-body" && size > 0) || reply.name == "wasm-request-trailers") {
      if (goes_well) all.clear();
      all.insert(403);
      all.erase(200);
    }
    // Whoever made the response, these see it and put another in its place.
    if (reply.name == "wasm-response-headers") all = {403};
    if (reply.name == "wasm-response-body") all = size > 0 ? std::set{403} : std::set{200, 403};
    if (refuses_trailers_of_response()) all.insert(403);  // else the head has left
    if (size <= kLimit) return all;
    if (goes_well && !all.contains(403)) return {413};
    all.insert(413);
    return all;
  }
  bool refuses_trailers_of_response() const { return reply.name == "wasm-response-trailers"; }
  std::set<int> of_upstream() const {
    if (late != Late::kNothing) return {504};
    switch (breaks) {
      case Break::kBeforeHead:
      case Break::kInHead:
        return {502};
      case Break::kInBody:
        return {200, 502};
      case Break::kAfter:
        return {200, 502};  // the reset may overtake it
      case Break::kNever:
        break;
    }
    return {200};
  }
};

std::vector<Case> every_case() {
  std::vector<Case> cases;
  for (const Reply& reply : kReplies) {
    for (Break breaks : kBreaks) {
      for (Leave leaves : kLeaves) {
        for (Late late : kLate) {
          for (bool reloads : {false, true}) {
            for (std::size_t size : kSizes) {
              const Case one{reply, breaks, leaves, late, reloads, size};
              if (one.is_possible()) cases.push_back(one);
            }
          }
        }
      }
    }
  }
  return cases;
}

class Matrix {
 public:
  Matrix() : world_(1) {
    plugins::native::add_native_plugins(world_.catalog);
    world_.options.max_request_body = kLimit;
    world_.options.plugin_bodies = {kLimit, kLimit};
    world_.reactor.ends = SteadyTime::max();
    world_.reactor.decide = [this](const async::Address& address) { return route_to(address); };
    for (const Reply& reply : kReplies) {
      world_.put("routes", std::string(reply.name),
                 fmt::format(R"({{"uri": "/{}/*", "plugins": {{{}}}, "upstream": {{"type": "roundrobin",
                                  "nodes": {{"10.0.0.1:80": 1}}, "timeout": {{"connect": 2, "send": 3, "read": 4}}}}}})",
                             reply.name, reply.plugins));
    }
    world_.open();
  }

  void run(const std::vector<Case>& cases) {
    world_.loop.run(all(cases));
    world_.forget();
    wasm_.forget();
    world_.reactor.turn();
    for (const std::string& violation : world_.violations()) ADD_FAILURE() << violation;
  }

 private:
  async::SimulatedReactor::Route route_to(const async::Address& address) {
    async::SimulatedReactor::Route route;
    route.manners = async::SimulatedManners::anyhow(world_.chance);
    route.takes = Milliseconds(1);
    if (address == world_.address()) return route;
    if (late_ == Late::kConnect) route.fate = async::SimulatedReactor::Fate::kSilent;
    if (late_ == Late::kSend) route.manners.room = 60;  // less than a head
    return route;
  }

  Plan plan(const Case& one) {
    Plan plan;
    plan.route = one.reply.name;
    plan.method = "POST";
    plan.request_bytes = plan.response_bytes = one.size;
    plan.request_is_chunked = one.size > 0 && world_.chance.one_in(2);
    plan.framing = world_.chance.of({Framing::kSized, Framing::kChunked});
    if (one.reply.name == "wasm-request-trailers") plan.request_is_chunked = plan.request_has_trailers = true;
    if (one.refuses_trailers_of_response()) {
      plan.framing = Framing::kChunked;
      plan.response_has_trailers = true;
    }
    plan.breaks = one.breaks;
    plan.leaves = one.leaves;
    if (one.late == Late::kRead) plan.upstream_answers_after = kTooLong;
    return plan;
  }

  Task<void> all(const std::vector<Case>& cases) {
    for (const Case& one : cases) {
      const std::size_t before = world_.violations().size();
      co_await try_one(one);
      if (world_.violations().size() == before) continue;
      world_.violate("that was: " + one.words() + (before == 0 ? "\n" + world_.reactor.loop.trace.last_events() : ""));
    }
    co_await world_.close();
  }

  Task<void> try_one(const Case& one) {
    late_ = one.late;
    server_.reads_after = late_ == Late::kSend ? kTooLong : Milliseconds(0);
    Entry& entry = world_.enter(plan(one));
    std::vector<Entry*> share{&entry};
    if (one.reloads) reloads_.spawn(reload_some_times());
    co_await ask_over_h1(world_, std::move(share));
    reloads_.cancel_all();
    check(one, entry);
    late_ = Late::kNothing;
    server_.reads_after = Milliseconds(0);
    co_await world_.settle();
    co_await world_.nothing_is_left();
    co_await serves_on();
  }
  Task<void> reload_some_times() {
    for (int i = 0; i < 4; ++i) {
      co_await world_.pause(Milliseconds(static_cast<Milliseconds::rep>(world_.chance.below(30))));
      auto reloading = world_.reload();
      co_await reloading;
    }
  }
  Task<void> serves_on() {
    Plan plan;
    plan.route = "none";
    Entry& entry = world_.enter(std::move(plan));
    std::vector<Entry*> share{&entry};
    co_await ask_over_h1(world_, std::move(share));
    if (entry.status != 200 || !entry.is_whole) world_.violate(fmt::format("the next request got {}", entry.status));
    co_await world_.settle();
    co_await world_.nothing_is_left();
  }

  void check(const Case& one, const Entry& entry) {
    if (one.leaves != Leave::kNever) return;
    const auto outcomes = one.outcomes();
    if (!outcomes.contains(entry.status)) world_.violate(fmt::format("it was told {}", entry.status));
    const bool is_refused = one.refuses_trailers_of_response();
    const bool breaks_behind_head = one.breaks == Break::kInBody || one.breaks == Break::kAfter;
    const bool may_be_cut = entry.status == 200 && (breaks_behind_head || is_refused);
    if (is_refused && entry.status == 200 && entry.is_whole) world_.violate("a whole response without its trailers");
    if (!entry.is_whole && !may_be_cut) world_.violate(fmt::format("a cut response, {}", entry.status));
    if (one.reply.name == "native" && entry.heads > 0) world_.violate("the upstream was asked in spite of the answer");
  }

  World world_;
  WasmAnswers wasm_{world_.reactor, world_.catalog};
  Server server_{world_, "10.0.0.1"};
  Late late_ = Late::kNothing;
  async::TaskGroup reloads_;
};

TEST(Matrix, EveryWayToGoWrongLeavesNothingBehind) {
  std::vector<Case> cases = every_case();
  const std::size_t possible = cases.size();
  const char* wanted = std::getenv("SALLYPORT_MATRIX");
  if (!wanted || std::string_view(wanted) != "all") {
    std::vector<Case> some;
    for (std::size_t i = 0; i < cases.size(); i += 7) some.push_back(cases[i]);
    cases = std::move(some);
  }
  Matrix matrix;
  matrix.run(cases);
  RecordProperty("cases", static_cast<int>(cases.size()));
  std::printf("matrix: %zu of %zu possible cases\n", cases.size(), possible);
}

}  // namespace
}  // namespace sallyport::simulation
