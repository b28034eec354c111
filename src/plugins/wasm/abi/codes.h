#pragma once
// The numbers of the Proxy-Wasm ABI: results of host calls, kinds of maps, buffers and streams, levels, actions.

#include <cstdint>

namespace sallyport::wasm {

enum class Status : std::uint32_t {
  kOk = 0,
  kNotFound = 1,
  kBadArgument = 2,
  kSerializationFailure = 3,
  kParseFailure = 4,
  kInvalidMemoryAccess = 6,
  kEmpty = 7,
  kCasMismatch = 8,
  kInternalFailure = 10,
  kTrap = 0xffff'ffff,  // ours: the guest must not go on
};

enum class MapType : std::uint32_t {
  kRequestHeaders = 0,
  kRequestTrailers = 1,
  kResponseHeaders = 2,
  kResponseTrailers = 3,
  kGrpcInitialMetadata = 4,
  kGrpcTrailingMetadata = 5,
  kHttpCallHeaders = 6,
  kHttpCallTrailers = 7,
};
inline constexpr std::uint32_t kMapTypes = 8;

enum class BufferType : std::uint32_t {
  kRequestBody = 0,
  kResponseBody = 1,
  kDownstreamData = 2,
  kUpstreamData = 3,
  kHttpCallBody = 4,
  kGrpcMessage = 5,
  kVmConfiguration = 6,
  kPluginConfiguration = 7,
  kCallData = 8,
};
inline constexpr std::uint32_t kBufferTypes = 9;

enum class StreamType : std::uint32_t { kRequest = 0, kResponse = 1, kDownstream = 2, kUpstream = 3 };
inline constexpr std::uint32_t kStreamTypes = 4;

enum class LogLevel : std::uint32_t { kTrace = 0, kDebug = 1, kInfo = 2, kWarn = 3, kError = 4, kCritical = 5 };
inline constexpr std::uint32_t kLogLevels = 6;

// What callbacks of headers, bodies and trailers return. Values beyond mean stop.
namespace action {
inline constexpr std::uint32_t kContinue = 0;
inline constexpr std::uint32_t kPause = 1;
inline constexpr std::uint32_t kContinueAndEndStream = 2;  // of headers; as kContinue
inline constexpr std::uint32_t kStopAndDropBody = 3;       // of bodies
}  // namespace action

}  // namespace sallyport::wasm
