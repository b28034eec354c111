// What each function of the ABI answers, as rows; `every_call_test.cpp` makes the calls.

#include "plugins/wasm/abi/call_rows_fixture.h"
#include "plugins/wasm/pairs.h"

namespace sallyport::wasm::abi {
namespace {

using enum Status;
using namespace std::string_view_literals;

std::string pairs(std::initializer_list<Pair> fields) {
  PairsSize size;
  for (const auto& [name, value] : fields) size.add(name, value);
  std::string made(size.bytes, '\0');
  PairsWriter writer(made.data(), size.count);
  for (const auto& [name, value] : fields) writer.add(name, value);
  return made;
}

void add(std::vector<Row>& rows, std::vector<Row> more) {
  rows.insert(rows.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::vector<Row> of_log_and_time() {
  return {
      {"proxy_log", {number(0), text("hello")}, kOk},
      Row("proxy_log", {number(5), text("hello")}, kOk).in(Place::kStart),
      Row("proxy_log", {number(5), text("")}, kOk).in(Place::kLog),
      {"proxy_log", {number(6), text("hello")}, kBadArgument},
      {"proxy_get_log_level", {slot()}, kOk},
      {"proxy_get_current_time_nanoseconds", {slot()}, kOk},
      {"proxy_set_tick_period_milliseconds", {number(1000)}, kOk},
      Row("proxy_set_tick_period_milliseconds", {number(0)}, kOk).in(Place::kConfigure),
  };
}

std::vector<Row> of_properties() {
  return {
      Row("proxy_get_property", {text("request\0method"sv), output()}, kOk).gives("GET"),
      Row("proxy_get_property", {text("plugin_root_id"), output()}, kOk).in(Place::kContextCreate).gives("root"),
      Row("proxy_get_property", {text("plugin_name"), output()}, kOk).in(Place::kContextCreate).gives("test"),
      Row("proxy_get_property", {text("plugin_vm_id"), output()}, kOk).in(Place::kContextCreate).gives("test"),
      Row("proxy_get_property", {text("plugin_root_id"), output()}, kOk).in(Place::kVmStart).gives("root"),
      Row("proxy_get_property", {text("response\0code"sv), output()}, kOk)
          .in(Place::kLog)
          .gives("\xc8\0\0\0\0\0\0\0"sv),
      Row("proxy_get_property", {text("request\0duration"sv), output()}, kOk).in(Place::kLog),
      Row("proxy_get_property", {text("request\0method"sv), output()}, kNotFound).in(Place::kConfigure),
      {"proxy_get_property", {text("response\0code"sv), output()}, kNotFound},
      {"proxy_get_property", {text("no_such_property"), output()}, kNotFound},
      {"proxy_get_property", {text("request\0method\0more"sv), output()}, kNotFound},
      {"proxy_get_property", {text(""), output()}, kNotFound},
      {"proxy_set_property", {text("mine"), text("value")}, kOk},
      Row("proxy_set_property", {text("mine"), text("")}, kOk).in(Place::kConfigure),
      {"proxy_set_property", {text("request\0method"sv), text("PUT")}, kOk},  // without effect
  };
}

std::vector<Row> of_streams() {
  const std::string headers = pairs({{"x-one", "1"}});
  std::vector<Row> rows{
      {"proxy_send_local_response", {number(403), text("why"), text("body"), text(headers), number(-1)}, kOk},
      Row("proxy_send_local_response", {number(403), text(""), text(""), text(""), number(-1)}, kOk)
          .in(Place::kConfigure),
      Row("proxy_send_local_response", {number(403), text(""), text(""), text(""), number(-1)}, kOk).in(Place::kLog),
      {"proxy_send_local_response", {number(403), text(""), text(""), text("abc"), number(-1)}, kBadArgument},
      {"proxy_continue_stream", {number(4)}, kBadArgument},
      {"proxy_close_stream", {number(4)}, kBadArgument},
      Row("proxy_close_stream", {number(0)}, kOk).in(Place::kConfigure),
      Row("proxy_close_stream", {number(1)}, kOk).in(Place::kDelete),
      {"proxy_set_effective_context", {number(0)}, kOk},
      {"proxy_set_effective_context", {number(1)}, kOk},
      {"proxy_set_effective_context", {number(2)}, kOk},
      {"proxy_set_effective_context", {number(99)}, kBadArgument},
      Row("proxy_set_effective_context", {number(2)}, kBadArgument).in(Place::kConfigure),
  };
  for (std::int64_t stream : {0, 1, 2, 3}) {
    rows.push_back({"proxy_continue_stream", {number(stream)}, kOk});
    rows.push_back(Row("proxy_continue_stream", {number(stream)}, kOk).in(Place::kConfigure));
    rows.push_back({"proxy_close_stream", {number(stream)}, kOk});
  }
  for (Place place : {Place::kConfigure, Place::kRequestHeaders, Place::kDone, Place::kLog}) {
    for (std::string_view function : {"proxy_continue_request", "proxy_continue_response", "proxy_clear_route_cache"}) {
      rows.push_back(Row(function, {}, kOk).in(place));
    }
    rows.push_back(Row("proxy_done", {}, kNotFound).in(place));
  }
  return rows;
}

// A map that is readable there, with a name in it and its value.
struct Readable {
  std::int64_t map;
  Place place;
  std::string_view name;
  std::string_view value;
};
constexpr Readable kReadable[] = {
    {0, Place::kRequestHeaders, ":path", "/path?q=1"},
    {0, Place::kRequestHeaders, "x-one", "1"},
    {0, Place::kRequestBody, "x-one", "1"},
    {0, Place::kRequestTrailers, "x-one", "1"},
    {0, Place::kResponseHeaders, "x-one", "1"},
    {0, Place::kResponseBody, "x-one", "1"},
    {0, Place::kDone, "x-one", "1"},
    {0, Place::kLog, "x-one", "1"},
    {1, Place::kRequestTrailers, "x-t", "2"},
    {1, Place::kResponseHeaders, "x-t", "2"},
    {1, Place::kLog, "x-t", "2"},
    {2, Place::kResponseHeaders, ":status", "200"},
    {2, Place::kResponseBody, ":status", "200"},
    {2, Place::kResponseTrailers, ":status", "200"},
    {2, Place::kDone, ":status", "200"},
    {2, Place::kLog, ":status", "200"},
    {3, Place::kResponseTrailers, "x-t", "2"},
    {3, Place::kLog, "x-t", "2"},
    {6, Place::kAnswer, ":status", "204"},
    {6, Place::kAnswer, "x-answer", "3"},
    {7, Place::kAnswer, "x-sum", "4"},
};
struct Unreadable {
  std::int64_t map;
  Place place;
};
constexpr Unreadable kUnreadable[] = {
    {0, Place::kConfigure},      {2, Place::kRequestHeaders}, {2, Place::kRequestBody},
    {4, Place::kRequestHeaders}, {5, Place::kRequestHeaders}, {6, Place::kRequestHeaders},
    {7, Place::kRequestHeaders}, {6, Place::kReset},          {7, Place::kReset},
};

std::vector<Row> of_reading_maps() {
  std::vector<Row> rows{
      {"proxy_get_header_map_value", {number(8), text("x-one"), output()}, kBadArgument},
      {"proxy_get_header_map_value", {number(0), text("x-none"), output()}, kNotFound},
      {"proxy_get_header_map_value", {number(0), text(""), output()}, kNotFound},
      Row("proxy_get_header_map_value", {number(0), text("x-none"), output()}, kOk).of_version("0_1_0").gives(""),
      Row("proxy_get_header_map_value", {number(0), text("x-none"), output()}, kNotFound).of_version("0_2_0"),
      {"proxy_get_header_map_pairs", {number(8), output()}, kBadArgument},
      {"proxy_get_header_map_size", {number(8), slot()}, kBadArgument},
      Row("proxy_get_header_map_pairs", {number(1), output()}, kOk)
          .in(Place::kRequestTrailers)
          .gives(pairs({{"x-t", "2"}})),
      Row("proxy_get_header_map_pairs", {number(6), output()}, kOk)
          .in(Place::kAnswer)
          .gives(pairs({{":status", "204"}, {"x-answer", "3"}})),
      Row("proxy_get_header_map_size", {number(1), slot()}, kOk)
          .in(Place::kRequestTrailers)
          .stores(pairs({{"x-t", "2"}}).size()),
  };
  for (const Readable& map : kReadable) {
    rows.push_back(Row("proxy_get_header_map_value", {number(map.map), text(map.name), output()}, kOk)
                       .in(map.place)
                       .gives(map.value));
  }
  for (const Unreadable& map : kUnreadable) {
    rows.push_back(
        Row("proxy_get_header_map_value", {number(map.map), text(":path"), output()}, kNotFound).in(map.place));
    rows.push_back(Row("proxy_get_header_map_pairs", {number(map.map), output()}, kOk).in(map.place).gives(""));
    rows.push_back(Row("proxy_get_header_map_size", {number(map.map), slot()}, kOk).in(map.place).stores(0));
  }
  return rows;
}

// Where a map is not open, a write is Ok without effect: SDKs stop the plugin on anything else.
std::vector<Row> of_writing_maps() {
  const std::string one = pairs({{"x-new", "1"}});
  std::vector<Row> rows{{"proxy_set_header_map_pairs", {number(0), text("abc")}, kBadArgument}};
  for (std::int64_t map = 0; map <= 8; ++map) {
    const Status answer = map < 8 ? kOk : kBadArgument;
    for (Place place : {Place::kConfigure, Place::kRequestHeaders, Place::kResponseTrailers, Place::kLog}) {
      rows.push_back(Row("proxy_set_header_map_pairs", {number(map), text(one)}, answer).in(place));
      rows.push_back(Row("proxy_add_header_map_value", {number(map), text("x-new"), text("1")}, answer).in(place));
      rows.push_back(Row("proxy_replace_header_map_value", {number(map), text("x-new"), text("1")}, answer).in(place));
      rows.push_back(Row("proxy_remove_header_map_value", {number(map), text("x-none")}, answer).in(place));
    }
  }
  return rows;
}

std::vector<Row> of_buffers() {
  std::vector<Row> rows{
      Row("proxy_get_buffer_bytes", {number(0), number(0), number(100), output()}, kOk)
          .in(Place::kRequestBody)
          .gives("one"),
      Row("proxy_get_buffer_bytes", {number(1), number(1), number(1), output()}, kOk)
          .in(Place::kResponseBody)
          .gives("w"),
      Row("proxy_get_buffer_bytes", {number(4), number(0), number(100), output()}, kOk)
          .in(Place::kAnswer)
          .gives("answer"),
      Row("proxy_get_buffer_bytes", {number(4), number(0), number(100), output()}, kOk).in(Place::kReset).gives(""),
      Row("proxy_get_buffer_bytes", {number(6), number(0), number(100), output()}, kOk)
          .in(Place::kVmStart)
          .gives("vm configuration"),
      Row("proxy_get_buffer_bytes", {number(7), number(0), number(-1), output()}, kOk)
          .in(Place::kConfigure)
          .gives("configuration"),
      Row("proxy_get_buffer_bytes", {number(7), number(6), number(3), output()}, kOk).gives("ura"),
      Row("proxy_get_buffer_bytes", {number(7), number(13), number(3), output()}, kOk).gives(""),
      Row("proxy_get_buffer_bytes", {number(7), number(-1), number(-1), output()}, kOk).gives(""),
      {"proxy_get_buffer_bytes", {number(9), number(0), number(100), output()}, kBadArgument},
      Row("proxy_get_buffer_status", {number(0), slot(), slot()}, kOk).in(Place::kRequestBody).stores(3),
      Row("proxy_get_buffer_status", {number(1), slot(), slot()}, kOk).in(Place::kResponseBody).stores(3),
      Row("proxy_get_buffer_status", {number(4), slot(), slot()}, kOk).in(Place::kAnswer).stores(6),
      Row("proxy_get_buffer_status", {number(6), slot(), slot()}, kOk).stores(16),
      Row("proxy_get_buffer_status", {number(7), slot(), slot()}, kOk).stores(13),
      {"proxy_get_buffer_status", {number(9), slot(), slot()}, kBadArgument},
      Row("proxy_set_buffer_bytes", {number(0), number(0), number(3), text("new")}, kOk).in(Place::kRequestBody),
      {"proxy_set_buffer_bytes", {number(9), number(0), number(3), text("new")}, kBadArgument},
      Row("proxy_get_configuration", {output()}, kOk).in(Place::kVmStart).of_version("0_1_0").gives("vm configuration"),
      Row("proxy_get_configuration", {output()}, kOk).in(Place::kConfigure).of_version("0_1_0").gives("configuration"),
      Row("proxy_get_configuration", {output()}, kOk).of_version("0_1_0").gives("configuration"),
  };
  for (std::int64_t buffer : {0, 1, 2, 3, 4, 5, 8}) {
    rows.push_back({"proxy_get_buffer_bytes", {number(buffer), number(0), number(100), output()}, kNotFound});
    rows.push_back({"proxy_get_buffer_status", {number(buffer), slot(), slot()}, kNotFound});
    rows.push_back({"proxy_set_buffer_bytes", {number(buffer), number(0), number(0), text("new")}, kOk});
    rows.push_back(
        Row("proxy_set_buffer_bytes", {number(buffer), number(0), number(0), text("new")}, kOk).in(Place::kLog));
  }
  return rows;
}

std::vector<Row> of_http_calls() {
  const std::string good = pairs({{":method", "GET"}, {":path", "/"}, {":authority", "a"}});
  auto calling = [&](std::string_view upstream, std::string_view headers, std::int64_t timeout, Status answer) {
    return Row("proxy_http_call", {text(upstream), text(headers), text("ask"), text(""), number(timeout), slot()},
               answer);
  };
  return {
      calling("auth", good, 1000, kOk),
      calling("auth", good, 1000, kOk).in(Place::kConfigure),
      calling("auth", good, 1000, kOk).in(Place::kLog),
      calling("auth", good, 1000, kOk).in(Place::kAnswer),
      calling("nobody", good, 1000, kBadArgument),
      calling("auth", good, -1, kBadArgument),
      calling("auth", "abc", 1000, kBadArgument),
      calling("auth", pairs({{":method", "GET"}, {":path", "/"}}), 1000, kBadArgument),
      calling("auth", pairs({{":method", "GET"}, {":authority", "a"}}), 1000, kBadArgument),
      calling("auth", pairs({{":path", "/"}, {":authority", "a"}}), 1000, kBadArgument),
      calling("auth", good, 1000, kInternalFailure).when_full(),
      Row("proxy_get_status", {slot(), output()}, kOk).stores(0).gives(""),
      Row("proxy_get_status", {slot(), output()}, kOk).in(Place::kAnswer).stores(0).gives(""),
      Row("proxy_get_status", {slot(), output()}, kOk).in(Place::kReset).stores(11).gives("reset"),
  };
}

// In the callbacks of gRPC: 6 is a stream that is told of, 9 a unary call, and 12 a call of HTTP.
std::vector<Row> of_grpc() {
  const std::string good = pairs({{"x-one", "1"}});
  auto calling = [](std::string_view upstream, std::string_view method, std::string_view metadata, std::int64_t timeout,
                    Status answer) {
    return Row("proxy_grpc_call",
               {text(upstream), text("a.B"), text(method), text(metadata), text("hi"), number(timeout), slot()},
               answer);
  };
  auto opening = [](std::string_view upstream, std::string_view method, std::string_view metadata, Status answer) {
    return Row("proxy_grpc_stream", {text(upstream), text("a.B"), text(method), text(metadata), slot()}, answer);
  };
  auto sending = [](std::int64_t id, Status answer) {
    return Row("proxy_grpc_send", {number(id), text("hi"), number(0)}, answer);
  };
  return {
      calling("auth", "C", good, 1000, kOk).stores(5),
      calling("auth", "C", good, 1000, kOk).in(Place::kLog),
      calling("nobody", "C", good, 1000, kParseFailure),
      calling("auth", "C/D", good, 1000, kBadArgument),
      calling("auth", "C", "abc", 1000, kBadArgument),
      calling("auth", "C", good, -1, kBadArgument),
      calling("auth", "C", good, 1000, kInternalFailure).when_full(),
      opening("auth", "C", good, kOk).stores(6),
      opening("auth", "C", good, kOk).in(Place::kConfigure),
      opening("auth", "C", good, kOk).in(Place::kGrpcMessage).stores(18),
      opening("nobody", "C", good, kParseFailure),
      opening("auth", "", good, kBadArgument),
      opening("auth", "C", "abc", kBadArgument),
      opening("auth", "C", good, kInternalFailure).when_full(),
      sending(6, kOk).in(Place::kGrpcMessage),
      sending(6, kOk).in(Place::kGrpcInitial),
      sending(9, kBadArgument).in(Place::kGrpcMessage),
      sending(12, kNotFound).in(Place::kGrpcMessage),
      sending(6, kNotFound).in(Place::kGrpcClose),
      sending(6, kNotFound),
      Row("proxy_grpc_cancel", {number(6)}, kOk).in(Place::kGrpcMessage),
      Row("proxy_grpc_cancel", {number(9)}, kOk).in(Place::kGrpcMessage),
      Row("proxy_grpc_cancel", {number(12)}, kNotFound).in(Place::kGrpcMessage),
      Row("proxy_grpc_cancel", {number(6)}, kNotFound).in(Place::kGrpcClose),
      Row("proxy_grpc_close", {number(6)}, kOk).in(Place::kGrpcMessage),
      Row("proxy_grpc_close", {number(9)}, kOk).in(Place::kGrpcInitial),
      Row("proxy_grpc_close", {number(12)}, kNotFound).in(Place::kGrpcMessage),
      Row("proxy_grpc_close", {number(6)}, kNotFound),
      Row("proxy_get_status", {slot(), output()}, kOk).in(Place::kGrpcMessage).stores(0).gives(""),
      Row("proxy_get_status", {slot(), output()}, kOk).in(Place::kGrpcClose).stores(7).gives("not you"),
  };
}

// What a gRPC stream brings, where it can be read.
std::vector<Row> of_grpc_parts() {
  constexpr int kInitial = 4, kTrailing = 5, kMessage = 5;
  auto reading = [](int map, std::string_view name, Status answer) {
    return Row("proxy_get_header_map_value", {number(map), text(name), output()}, answer);
  };
  auto message = [](Status answer) {
    return Row("proxy_get_buffer_bytes", {number(kMessage), number(0), number(100), output()}, answer);
  };
  const std::string first = pairs({{"x-answer", "3"}}), last = pairs({{"x-sum", "4"}});
  return {
      reading(kInitial, "x-answer", kOk).in(Place::kGrpcInitial).gives("3"),
      reading(kTrailing, "x-sum", kOk).in(Place::kGrpcTrailing).gives("4"),
      reading(kInitial, "x-none", kNotFound).in(Place::kGrpcInitial),
      reading(6, "x-answer", kNotFound).in(Place::kGrpcInitial),
      reading(kTrailing, "x-none", kNotFound).in(Place::kGrpcTrailing),
      Row("proxy_get_header_map_pairs", {number(kInitial), output()}, kOk).in(Place::kGrpcInitial).gives(first),
      Row("proxy_get_header_map_pairs", {number(kTrailing), output()}, kOk).in(Place::kGrpcTrailing).gives(last),
      Row("proxy_get_header_map_pairs", {number(kTrailing), output()}, kOk).in(Place::kGrpcInitial).gives(""),
      Row("proxy_get_header_map_size", {number(kInitial), slot()}, kOk).in(Place::kGrpcInitial).stores(first.size()),
      Row("proxy_get_header_map_size", {number(kTrailing), slot()}, kOk).in(Place::kGrpcTrailing).stores(last.size()),
      Row("proxy_get_buffer_status", {number(kMessage), slot(), slot()}, kOk).in(Place::kGrpcMessage).stores(7),
      Row("proxy_get_buffer_status", {number(kMessage), slot(), slot()}, kNotFound).in(Place::kGrpcClose),
      message(kOk).in(Place::kGrpcMessage).gives("message"),
      message(kNotFound).in(Place::kGrpcInitial),
      message(kNotFound).in(Place::kGrpcClose),
      message(kNotFound).in(Place::kAnswer),
  };
}

// Before each row: `key` and another key have values, queue 1 is `q` with one message, queue 2 is `empty`.
std::vector<Row> of_sharing() {
  return {
      Row("proxy_get_shared_data", {text("key"), output(), slot()}, kOk).gives("value"),
      Row("proxy_get_shared_data", {text("key"), output(), slot()}, kOk).in(Place::kLog).gives("value"),
      {"proxy_get_shared_data", {text("none"), output(), slot()}, kNotFound},
      {"proxy_set_shared_data", {text("key"), text("new"), number(0)}, kOk},
      {"proxy_set_shared_data", {text("new key"), text(""), number(4711)}, kOk},
      {"proxy_set_shared_data", {text("key"), text("new"), number(4711)}, kCasMismatch},
      Row("proxy_set_shared_data", {text("new key"), text("value"), number(0)}, kInternalFailure).when_full(),
      Row("proxy_register_shared_queue", {text("q"), slot()}, kOk).stores(1),
      Row("proxy_register_shared_queue", {text("empty"), slot()}, kOk).in(Place::kConfigure).stores(2),
      {"proxy_register_shared_queue", {text(std::string(1025, 'q')), slot()}, kInternalFailure},
      Row("proxy_resolve_shared_queue", {text("test"), text("q"), slot()}, kOk).stores(1),
      Row("proxy_resolve_shared_queue", {text(""), text("empty"), slot()}, kOk).stores(2),
      {"proxy_resolve_shared_queue", {text("test"), text("none"), slot()}, kNotFound},
      {"proxy_resolve_shared_queue", {text("nobody"), text("q"), slot()}, kNotFound},
      {"proxy_enqueue_shared_queue", {number(1), text("more")}, kOk},
      {"proxy_enqueue_shared_queue", {number(0), text("more")}, kNotFound},
      Row("proxy_enqueue_shared_queue", {number(1), text("more")}, kInternalFailure).when_full(),
      Row("proxy_dequeue_shared_queue", {number(1), output()}, kOk).gives("message"),
      {"proxy_dequeue_shared_queue", {number(2), output()}, kEmpty},
      {"proxy_dequeue_shared_queue", {number(0), output()}, kNotFound},
  };
}

// 4, 9 and 14 are a counter, a gauge and a histogram.
std::vector<Row> of_metrics() {
  return {
      Row("proxy_define_metric", {number(0), text("counter"), slot()}, kOk).stores(4),
      Row("proxy_define_metric", {number(2), text("histogram"), slot()}, kOk).in(Place::kConfigure).stores(14),
      {"proxy_define_metric", {number(3), text("other"), slot()}, kBadArgument},
      {"proxy_increment_metric", {number(4), long_number(1)}, kOk},
      {"proxy_increment_metric", {number(4), long_number(0)}, kBadArgument},
      {"proxy_increment_metric", {number(4), long_number(-1)}, kBadArgument},
      {"proxy_increment_metric", {number(9), long_number(-1)}, kOk},
      {"proxy_increment_metric", {number(14), long_number(1)}, kBadArgument},
      {"proxy_increment_metric", {number(0), long_number(1)}, kNotFound},
      {"proxy_record_metric", {number(4), long_number(1)}, kOk},
      {"proxy_record_metric", {number(9), long_number(1)}, kOk},
      {"proxy_record_metric", {number(14), long_number(1)}, kOk},
      {"proxy_record_metric", {number(0), long_number(1)}, kNotFound},
      Row("proxy_get_metric", {number(9), slot()}, kOk).stores(7),
      {"proxy_get_metric", {number(14), slot()}, kBadArgument},
      {"proxy_get_metric", {number(0), slot()}, kNotFound},
  };
}

std::vector<Row> of_foreign_functions() {
  return {
      Row("proxy_call_foreign_function", {text("clear_route_cache"), text(""), output()}, kOk).gives(""),
      Row("proxy_call_foreign_function", {text("compress"), text(""), output()}, kOk)
          .in(Place::kConfigure)
          .gives("\x78\x9c\x03\0\0\0\0\x01"sv),
      {"proxy_call_foreign_function", {text("compress"), text(""), number(0), number(0)}, kOk},
      {"proxy_call_foreign_function", {text("no_such_function"), text(""), output()}, kNotFound},
      {"proxy_call_foreign_function", {text("declare_property"), text("\x0a\x09key"), output()}, kBadArgument},
      {"proxy_call_foreign_function", {text("uncompress"), text("no zlib"), output()}, kSerializationFailure},
  };
}

std::vector<Row> of_dialects() {
  return {
      {"proxy_redis_init", {text("a"), text("user"), text("secret"), number(1000)}, kInternalFailure},
      {"proxy_redis_call", {text("a"), text("*1\r\n$4\r\nPING\r\n"), slot()}, kInternalFailure},
      {"proxy_get_upstream_hosts", {output()}, kInternalFailure},
      {"proxy_set_upstream_override_host", {text("10.0.0.1:80")}, kInternalFailure},
      {"proxy_inject_encoded_data_to_filter_chain", {text("abc"), number(1)}, kInternalFailure},
      {"envoy_resolve_dns", {text("example.com"), slot()}, kInternalFailure},
  };
}

}  // namespace

std::vector<Row> proxy_rows() {
  std::vector<Row> rows;
  for (auto group :
       {of_log_and_time, of_properties, of_streams, of_reading_maps, of_writing_maps, of_buffers, of_http_calls,
        of_grpc, of_grpc_parts, of_sharing, of_metrics, of_foreign_functions, of_dialects}) {
    add(rows, group());
  }
  return rows;
}

}  // namespace sallyport::wasm::abi
