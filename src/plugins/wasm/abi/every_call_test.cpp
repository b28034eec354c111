// Makes every call of the tables of rows, with what they say and with pointers that lead out of memory, and sees to it
// that no function and no answer is left without a row.

#include "plugins/wasm/abi/call_rows_fixture.h"
#include "plugins/wasm/pairs.h"
#include "plugins/wasm/scripted_http_client_fixture.h"

#include <map>
#include <set>

namespace sallyport::wasm::abi {
namespace {

using Kind = Argument::Kind;

constexpr std::uint32_t kFirstSlot = 16;
constexpr std::uint32_t kFirstInput = 1000;
constexpr std::uint32_t kMemory = 65'536;

constexpr std::string_view kNoResult = "", kGoesOn = "(i32.const 0)", kAgrees = "(i32.const 1)";
struct CallbackOfPlace {
  std::string_view name;
  int params;
  std::string_view result;  // the code that leaves it
};
CallbackOfPlace callback_of(Place place, std::string_view version) {
  const int of_headers = version == "0_1_0" ? 2 : 3;
  switch (place) {
    case Place::kStart:
      return {"_initialize", 0, kNoResult};
    case Place::kContextCreate:
      return {"proxy_on_context_create", 2, kNoResult};
    case Place::kVmStart:
      return {"proxy_on_vm_start", 2, kAgrees};
    case Place::kConfigure:
      return {"proxy_on_configure", 2, kAgrees};
    case Place::kRequestHeaders:
      return {"proxy_on_request_headers", of_headers, kGoesOn};
    case Place::kRequestBody:
      return {"proxy_on_request_body", 3, kGoesOn};
    case Place::kRequestTrailers:
      return {"proxy_on_request_trailers", 2, kGoesOn};
    case Place::kResponseHeaders:
      return {"proxy_on_response_headers", of_headers, kGoesOn};
    case Place::kResponseBody:
      return {"proxy_on_response_body", 3, kGoesOn};
    case Place::kResponseTrailers:
      return {"proxy_on_response_trailers", 2, kGoesOn};
    case Place::kDone:
      return {"proxy_on_done", 1, kAgrees};
    case Place::kLog:
      return {"proxy_on_log", 1, kNoResult};
    case Place::kDelete:
      return {"proxy_on_delete", 1, kNoResult};
    case Place::kGrpcInitial:
      return {"proxy_on_grpc_receive_initial_metadata", 3, kNoResult};
    case Place::kGrpcMessage:
      return {"proxy_on_grpc_receive", 3, kNoResult};
    case Place::kGrpcTrailing:
      return {"proxy_on_grpc_receive_trailing_metadata", 3, kNoResult};
    case Place::kGrpcClose:
      return {"proxy_on_grpc_close", 3, kNoResult};
    default:
      return {"proxy_on_http_call_response", 5, kNoResult};
  }
}

std::string_view name_of(ValueType type) {
  return type == ValueType::kI64 ? "i64" : type == ValueType::kF64 ? "f64" : "i32";
}

std::string type_of(const Signature& signature) {
  std::string text;
  for (ValueType type : signature.params) text += " (param " + std::string(name_of(type)) + ")";
  for (ValueType type : signature.results) text += " (result " + std::string(name_of(type)) + ")";
  return text;
}

// Arguments as WAT and the memory that they speak of.
class Layout {
 public:
  explicit Layout(const Row& row) {
    for (const Argument& argument : row.arguments) add(argument);
  }
  const std::string& arguments() const { return arguments_; }
  const std::string& segments() const { return segments_; }

 private:
  void add(const Argument& argument) {
    switch (argument.kind) {
      case Kind::kNumber:
        return push(argument.number);
      case Kind::kLong:
        arguments_ += "(i64.const " + std::to_string(static_cast<std::int64_t>(argument.number)) + ")";
        return;
      case Kind::kDouble:
        arguments_ += "(f64.const 1.5)";
        return;
      case Kind::kBytes:
      case Kind::kText:
        push(place(argument.bytes));
        if (argument.kind == Kind::kText) push(argument.bytes.size());
        return;
      case Kind::kSlot:
        return push(next_slot());
      case Kind::kOutput:
        push(next_slot());
        return push(next_slot());
    }
  }
  void push(std::uint64_t value) { arguments_ += numbers(value); }
  std::uint32_t next_slot() { return std::exchange(slot_, slot_ + 8); }
  std::uint32_t place(std::string_view bytes) {
    segments_ += data(input_, bytes);
    return std::exchange(input_, static_cast<std::uint32_t>(input_ + bytes.size() + 8) & ~7u);
  }

  std::uint32_t slot_ = kFirstSlot;
  std::uint32_t input_ = kFirstInput;
  std::string arguments_;
  std::string segments_;
};

constexpr std::string_view kAsk = R"((data (i32.const 8200) "auth")
  (data (i32.const 8210) "\03\00\00\00\07\00\00\00\03\00\00\00\05\00\00\00\01\00\00\00\0a\00\00\00\01\00\00\00")
  (data (i32.const 8238) ":method\00GET\00:path\00/\00:authority\00a\00")
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $ask (i32.const 8200) (i32.const 4) (i32.const 8210) (i32.const 61) (i32.const 0) (i32.const 0)
                     (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 8300))) (i32.const 0)))";

// A stream, whose number is 6, a call of gRPC with 9 and one of HTTP with 12.
constexpr std::string_view kAskGrpc = R"((data (i32.const 8200) "auth")
  (data (i32.const 8210) "\03\00\00\00\07\00\00\00\03\00\00\00\05\00\00\00\01\00\00\00\0a\00\00\00\01\00\00\00")
  (data (i32.const 8238) ":method\00GET\00:path\00/\00:authority\00a\00")
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $open (i32.const 8200) (i32.const 4) (i32.const 8200) (i32.const 4) (i32.const 8200) (i32.const 4)
                      (i32.const 0) (i32.const 0) (i32.const 8300)))
    (drop (call $ask_grpc (i32.const 8200) (i32.const 4) (i32.const 8200) (i32.const 4) (i32.const 8200) (i32.const 4)
                          (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 8300)))
    (drop (call $ask (i32.const 8200) (i32.const 4) (i32.const 8210) (i32.const 61) (i32.const 0) (i32.const 0)
                     (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 8300))) (i32.const 0)))";

constexpr std::string_view kMeetsTheExchange =
    R"((func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0)))";

// Makes the call of a row and shows the first 8 KiB of memory in the shared data `m`, with what was answered at 0.
std::string module_of(const Row& row, std::string_view from) {
  const Import& import = *find_host_function(from, row.function);
  Layout layout(row);
  const bool has_number = import.signature.results == std::vector{ValueType::kI32};
  std::string call = "(call $call " + layout.arguments() + ")";
  if (has_number) call = "(i32.store (i32.const 0) " + call + ")";
  if (!has_number && !import.signature.results.empty()) call = "(drop " + call + ")";
  std::string show = "(drop (call $show (i32.const 8192) (i32.const 1) (i32.const 0) (i32.const 8192) (i32.const 0)))";
  CallbackOfPlace callback = callback_of(row.place, row.version);
  std::string params;
  for (int i = 0; i < callback.params; ++i) params += " (param i32)";
  std::string code = layout.segments() + R"((data (i32.const 8192) "m") (func (export ")" + std::string(callback.name) +
                     "\")" + params + (callback.result.empty() ? "" : " (result i32)") + call +
                     (row.place == Place::kStart ? "" : show) + std::string(callback.result) + ")";
  if (row.place == Place::kStart)
    code += R"((func (export "proxy_on_vm_start") (param i32 i32) (result i32) )" + show + "(i32.const 1))";
  if (row.place >= Place::kAnswer) code += row.place >= Place::kGrpcInitial ? kAskGrpc : kAsk;
  if (row.place == Place::kDone || row.place == Place::kDelete) code += kMeetsTheExchange;
  std::string imports = "(import \"" + std::string(from) + "\" \"" + std::string(row.function) + "\" (func $call" +
                        type_of(import.signature) + "))";
  imports += R"((import "env" "proxy_set_shared_data" (func $show (param i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_http_call" (func $ask (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_grpc_stream" (func $open (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_grpc_call"
      (func $ask_grpc (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32))))";
  return wat(imports, code, row.version);
}

class EveryCall : public AbiFixture {
 protected:
  EveryCall() {
    Threads threads;
    threads.workers.push_back([this](Message message) { messages_.push_back(std::move(message)); });
    threads.http_clients.emplace_back([this] { return &client_; });
    runtime_ = *Runtime::start(std::move(threads), clock_, tested_engine());
    vm_settings_.env = {{"A", "1"}};
    PluginState& state = runtime_->state().of("test");
    state.metrics.define(MetricType::kCounter, "counter");
    state.metrics.define(MetricType::kGauge, "gauge");
    state.metrics.define(MetricType::kHistogram, "histogram");
    EXPECT_EQ(runtime_->state().queues().open("test", "q"), 1u);
    EXPECT_EQ(runtime_->state().queues().open("test", "empty"), 2u);
  }
  ~EveryCall() override { forget_all(); }

  // What the memory was after the call; nothing: it did not return.
  std::optional<GuestImage> make(const Row& row, std::string_view from) {
    set_up();
    PluginPolicy policy;
    if (row.is_full) policy.limits.http_calls.max_calls = 0;
    if (auto made = try_plugin(module_of(row, from), "configuration", policy)) {
      if (row.is_full) fill();
      run_all(*made, row.place);
    }
    runtime_->state().limit({});
    auto shown = runtime_->state().of("test").data.get("m");
    std::optional<GuestImage> image;
    if (!shown->text->empty()) image.emplace(GuestImage{std::string(*shown->text)});
    forget_all();
    return image;
  }
  std::string answer_of(const Row& row, std::string_view from) {
    auto image = make(row, from);
    return image ? std::to_string(image->number(0)) : "(none)";
  }

  void expect(const Row& row, std::string_view from) {
    SCOPED_TRACE(std::string(row.function) + " " + Layout(row).arguments() + " in " +
                 std::string(callback_of(row.place, row.version).name));
    auto image = make(row, from);
    if (!image) {
      EXPECT_EQ(row.answer, Row::kTraps);
      return;
    }
    EXPECT_EQ(image->number(0), row.answer);
    if (row.stored) {
      EXPECT_EQ(image->number(kFirstSlot), *row.stored);
    }
    if (!row.text) return;
    const std::uint32_t first = row.arguments.front().kind == Kind::kSlot ? kFirstSlot + 8 : kFirstSlot;
    std::string_view memory = image->bytes;
    EXPECT_EQ(memory.substr(image->number(first), image->number(first + 8)), *row.text);
  }

 private:
  void set_up() {
    SharedData& shared = runtime_->state().of("test").data;
    shared.remove("new key");
    shared.set("m", "", 0);
    shared.set("key", "value", 0);
    runtime_->state().of("test").metrics.record(9, 7, 0);
    SharedQueues& queues = runtime_->state().queues();
    std::string message;
    while (queues.dequeue(1, message) == SharedQueues::Outcome::kOk) {
    }
    queues.enqueue(1, "message");
  }

  // No further key, message or call.
  void fill() {
    runtime_->state().limit(
        {.data = {.max_keys = 2, .eviction = Eviction::kNone}, .queues = {.max_items = 1}, .max_metrics_of = {}});
  }

  void run_all(const std::shared_ptr<const WasmPlugin>& made, Place place) {
    PluginRun run(made, "/path?q=1");
    run.header("X-One", "1");
    go_through(run);
    if (place == Place::kAnswer)
      client_.answer(0, http::CallAnswer{204, {{"X-Answer", "3"}}, "answer", {{"X-Sum", "4"}}});
    if (place == Place::kReset) client_.fail_with(0, http::CallFailure::Kind::kBroken);
    if (place == Place::kGrpcInitial) client_.tell_initial(0, {{"X-Answer", "3"}});
    if (place == Place::kGrpcMessage) client_.tell_message(0, "message");
    if (place == Place::kGrpcTrailing) client_.tell_trailing(0, {{"X-Sum", "4"}});
    if (place == Place::kGrpcClose) client_.tell_end(0, {7, "not you"});
    run_messages();
  }

  // As far as the calls let it go.
  static void go_through(PluginRun& run) {
    using chain::Phase;
    auto& trailers = run.arena.make<http::Headers>(run.arena);
    trailers.add("x-t", "2");
    run.exchange.request_trailers = &trailers;
    bool goes_on = run.request().proceeds();
    if (goes_on) goes_on = run.body(Phase::kRequestBody, "one", true) != "(ended)";
    if (goes_on) goes_on = run.phase(Phase::kRequestTrailers).proceeds() && run.response().proceeds();
    if (goes_on) goes_on = run.body(Phase::kResponseBody, "two", true) != "(ended)";
    run.exchange.response_trailers = &trailers;
    if (goes_on) static_cast<void>(run.phase(Phase::kResponseTrailers));
    run.run->log();
  }

  void forget_all() {
    plugins_.clear();
    run_messages();
    client_.flights.clear();
    client_.flows.clear();
  }

  ScriptedHttpClient client_;
};

struct Table {
  std::string_view module;
  std::vector<Row> rows;
};
std::vector<Table> all_tables() {
  return {{"env", proxy_rows()},
          {"env", runtime_rows()},
          {"wasi_snapshot_preview1", wasi_rows()},
          {"wasi_unstable", wasi_rows()}};
}

TEST_F(EveryCall, AnswersWhatItsRowSays) {
  for (const Table& table : all_tables()) {
    for (const Row& row : table.rows) expect(row, table.module);
  }
}

// The version decides of a header that is missing alone, which has rows of its own.
TEST_F(EveryCall, AnswersTheSameInEveryVersion) {
  for (std::string_view version : {"0_1_0", "0_2_0"}) {
    for (Row row : proxy_rows()) {
      const bool is_missing = row.function == "proxy_get_header_map_value" && row.answer == 1;
      if (row.version != "0_2_1" || is_missing) continue;
      row.version = version;
      expect(row, "env");
    }
  }
}

// With each of its places in memory outside, one after the other.
std::vector<Row> with_wrong_places(const Row& row) {
  std::vector<Row> wrong;
  auto instead = [&](std::size_t at, std::initializer_list<Argument> arguments) {
    Row changed = row;
    changed.arguments.erase(changed.arguments.begin() + static_cast<std::ptrdiff_t>(at));
    changed.arguments.insert(changed.arguments.begin() + static_cast<std::ptrdiff_t>(at), arguments);
    wrong.push_back(std::move(changed));
  };
  for (std::size_t i = 0; i < row.arguments.size(); ++i) {
    const Kind kind = row.arguments[i].kind;
    if (kind == Kind::kText) {
      instead(i, {number(kMemory - 6), number(100)});
      instead(i, {number(-1), number(2)});  // whose end wraps around
    }
    if (kind == Kind::kSlot) instead(i, {number(kMemory - 2)});
    if (kind == Kind::kOutput) {
      instead(i, {number(kMemory - 2), number(kFirstSlot)});
      instead(i, {number(kFirstSlot), number(kMemory - 2)});
    }
  }
  return wrong;
}

// Of each function the first row that goes well.
std::vector<Row> good_rows(const Table& table) {
  std::vector<Row> good;
  std::set<std::string_view> known;
  for (const Row& row : table.rows) {
    if (row.answer == 0 && row.place != Place::kStart && known.insert(row.function).second) good.push_back(row);
  }
  return good;
}

TEST_F(EveryCall, RefusesPlacesOutsideOfMemory) {
  for (const Table& table : all_tables()) {
    const bool is_wasi = table.module != "env";
    const auto refusal =
        is_wasi ? static_cast<std::uint32_t>(Errno::kFault) : static_cast<std::uint32_t>(Status::kInvalidMemoryAccess);
    for (const Row& row : good_rows(table)) {
      for (const Row& wrong : with_wrong_places(row)) {
        EXPECT_EQ(answer_of(wrong, table.module), std::to_string(refusal))
            << row.function << " " << Layout(wrong).arguments();
      }
    }
  }
}

TEST_F(EveryCall, TakesAnEmptyTextWhereverItPoints) {
  for (const Row& row : good_rows({"env", proxy_rows()})) {
    for (std::size_t i = 0; i < row.arguments.size(); ++i) {
      if (row.arguments[i].kind != Kind::kText) continue;
      Row empty = row;
      empty.arguments[i] = number(-1);
      empty.arguments.insert(empty.arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1, number(0));
      const std::string answer = answer_of(empty, "env");
      EXPECT_TRUE(answer != "6" && answer != "(none)") << row.function << " " << Layout(empty).arguments() << answer;
    }
  }
}

TEST_F(EveryCall, OtherThanLogAndClocksAndWhatLanguagesNeedIsATrapWhileTheModuleStarts) {
  const std::set<std::string_view> allowed{"proxy_log", "proxy_get_log_level", "proxy_get_current_time_nanoseconds"};
  for (Row row : good_rows({"env", proxy_rows()})) {
    log_.take();
    row.place = Place::kStart;
    row.version = "0_2_1";
    auto made = try_plugin(module_of(row, "env"));
    if (allowed.contains(row.function)) {
      EXPECT_TRUE(made) << row.function;
      continue;
    }
    ASSERT_FALSE(made) << row.function;
    EXPECT_NE(made.error().what.find("_initialize trapped: it called " + std::string(row.function) +
                                     " while the module starts"),
              std::string::npos)
        << made.error().what;
  }
  for (Row row : good_rows({"wasi_snapshot_preview1", wasi_rows()})) {
    row.place = Place::kStart;
    EXPECT_TRUE(try_plugin(module_of(row, "wasi_snapshot_preview1"))) << row.function;
  }
}

TEST_F(EveryCall, IsInATable) {
  std::set<std::pair<std::string_view, std::string_view>> known;
  for (const Table& table : all_tables()) {
    for (const Row& row : table.rows) known.emplace(table.module, row.function);
  }
  for (const Import& import : host_functions()) {
    EXPECT_TRUE(known.contains({import.module, import.name})) << import.name << " has no row";
  }
}

// What each may answer beside Ok and, where it has places in memory, InvalidMemoryAccess.
using enum Status;
const std::map<std::string_view, std::set<Status>> kRefusals{
    {"proxy_log", {kBadArgument}},
    {"proxy_get_property", {kNotFound}},
    {"proxy_send_local_response", {kBadArgument}},
    {"proxy_continue_stream", {kBadArgument}},
    {"proxy_close_stream", {kBadArgument}},
    {"proxy_set_effective_context", {kBadArgument}},
    {"proxy_done", {kNotFound}},
    {"proxy_get_header_map_size", {kBadArgument}},
    {"proxy_get_header_map_pairs", {kBadArgument}},
    {"proxy_set_header_map_pairs", {kBadArgument}},
    {"proxy_get_header_map_value", {kNotFound, kBadArgument}},
    {"proxy_add_header_map_value", {kBadArgument}},
    {"proxy_replace_header_map_value", {kBadArgument}},
    {"proxy_remove_header_map_value", {kBadArgument}},
    {"proxy_get_buffer_bytes", {kNotFound, kBadArgument}},
    {"proxy_get_buffer_status", {kNotFound, kBadArgument}},
    {"proxy_set_buffer_bytes", {kBadArgument}},
    {"proxy_http_call", {kBadArgument, kInternalFailure}},
    {"proxy_grpc_call", {kBadArgument, kParseFailure, kInternalFailure}},
    {"proxy_grpc_stream", {kBadArgument, kParseFailure, kInternalFailure}},
    {"proxy_grpc_send", {kNotFound, kBadArgument}},
    {"proxy_grpc_cancel", {kNotFound}},
    {"proxy_grpc_close", {kNotFound}},
    {"proxy_get_shared_data", {kNotFound}},
    {"proxy_set_shared_data", {kCasMismatch, kInternalFailure}},
    {"proxy_register_shared_queue", {kInternalFailure}},
    {"proxy_resolve_shared_queue", {kNotFound}},
    {"proxy_enqueue_shared_queue", {kNotFound, kInternalFailure}},
    {"proxy_dequeue_shared_queue", {kNotFound, kEmpty}},
    {"proxy_define_metric", {kBadArgument}},
    {"proxy_increment_metric", {kNotFound, kBadArgument}},
    {"proxy_record_metric", {kNotFound}},
    {"proxy_get_metric", {kNotFound, kBadArgument}},
    {"proxy_call_foreign_function", {kNotFound, kBadArgument, kSerializationFailure}},
};

// Of other hosts, without effect here.
const std::set<std::string_view> kElsewhere{"proxy_redis_init", "proxy_redis_call", "proxy_get_upstream_hosts",
                                            "proxy_set_upstream_override_host",
                                            "proxy_inject_encoded_data_to_filter_chain"};

TEST_F(EveryCall, HasARowForEachOfItsAnswers) {
  std::map<std::string_view, std::set<Status>> answers;
  for (const Row& row : proxy_rows()) answers[row.function].insert(static_cast<Status>(row.answer));
  answers["proxy_done"].insert(kOk);  // only at the end of a conf: every_callback_test.cpp
  for (const Import& import : host_functions()) {
    if (import.module != "env" || !import.name.starts_with("proxy_")) continue;
    auto refusals = kRefusals.find(import.name);
    std::set<Status> expected = refusals == kRefusals.end() ? std::set<Status>() : refusals->second;
    expected.insert(kElsewhere.contains(import.name) ? kInternalFailure : kOk);
    EXPECT_EQ(answers[import.name], expected) << import.name;
  }
}

}  // namespace
}  // namespace sallyport::wasm::abi
