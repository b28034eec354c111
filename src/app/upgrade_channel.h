#pragma once
// What two gateways tell each other while one follows the other: texts over a pair of sockets, one of which the new
// process inherits. docs/upgrade.md has the conversation.

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::app {

// Variables that the new process finds in its environment.
inline constexpr std::string_view kListenersVariable = "SALLYPORT_LISTENERS";
inline constexpr std::string_view kPredecessorVariable = "SALLYPORT_PREDECESSOR";

// Said by the new one, and said again by the old one when it knows and agrees.
inline constexpr const char* kReadStore = "read store";
inline constexpr const char* kServe = "serve";
inline constexpr const char* kServing = "serving";
// Said by the new one only, and why.
inline constexpr std::string_view kFailed = "failed: ";

class UpgradeChannel final {
 public:
  // Owns the socket, which keeps the borders of messages.
  explicit UpgradeChannel(int socket) : socket_(socket) {}
  UpgradeChannel(const UpgradeChannel&) = delete;
  UpgradeChannel& operator=(const UpgradeChannel&) = delete;
  ~UpgradeChannel();

  // Nothing happens where the other side has ended.
  void say(std::string_view text);
  // What has arrived; nothing: so far.
  std::optional<std::string> hear();
  // Whether the other side has ended, and all that it said was heard.
  bool has_ended() const noexcept { return ended_; }

 private:
  int socket_;
  bool ended_ = false;
};

}  // namespace sallyport::app
