// Whatever a server of gRPC sends, however it is cut: a plugin is told the same, its messages are no longer than they
// may be, and the last it is told is the end.

#include "http/grpc.h"
#include "plugins/wasm/grpc_reader.h"
#include "require.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace sallyport;
using wasm::AnsweredCall;
using wasm::Callback;

constexpr std::size_t kMostMessage = 100;

// What is told of a stream that comes in pieces of that size, and ends with the given status; the stream is read no
// further than somebody wants it.
std::vector<AnsweredCall> told(std::string_view bytes, std::size_t piece, const std::string& status) {
  std::vector<AnsweredCall> all;
  wasm::GrpcReader reader(kMostMessage);
  auto take = [&] {
    while (auto next = reader.next()) all.push_back(std::move(*next));
  };
  reader.read_head({.status = 200}, false);
  for (; !bytes.empty() && !reader.has_ended(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    reader.read(bytes.substr(0, piece));
    take();
  }
  if (!reader.has_ended()) reader.end({{"grpc-status", status}});
  take();
  return all;
}

bool is_same(const AnsweredCall& a, const AnsweredCall& b) {
  return a.callback == b.callback && a.body == b.body && a.trailers == b.trailers && a.grpc->status == b.grpc->status &&
         a.grpc->message == b.grpc->message;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string status(bytes.substr(0, bytes.find('\n')));
  const auto whole = told(bytes, size, status);
  require(whole.front().callback == Callback::kGrpcInitialMetadata && whole.back().callback == Callback::kGrpcClose);
  for (const AnsweredCall& part : whole) require(part.body.size() <= kMostMessage);
  for (std::size_t piece : {std::size_t{1}, std::size_t{6}, 1 + size / 2}) {
    require(std::ranges::equal(told(bytes, piece, status), whole, is_same));
  }
  if (auto timeout = http::parse_grpc_timeout(bytes)) require(*timeout >= Milliseconds(1));
  for (char c : http::grpc_message(bytes)) require(c >= ' ' && c <= '~');
  return 0;
}
