#pragma once
// Plugin types made of code that is handed in while the gateway runs. A kind of plugins that can do this implements
// LiveTypes; whoever takes the code in does not know what it is. Belongs to the control thread.

#include "chain/plugin.h"
#include "json/value.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace sallyport::chain {

// What a type is made of.
struct LiveCode {
  std::string name;      // of the plugin to be
  json::Value settings;  // an object; what may stand in it, the kind knows
  std::string sha256;    // of the code, 64 hexadecimal digits
  // The code, or why it cannot be had. Called on any thread, and not at all where code of that hash is known.
  std::function<Result<std::string>()> read;
};

struct LiveType {
  std::shared_ptr<const PluginType> type;
  json::Object facts;  // about the code, to be shown to people
};

class LiveTypes {
 public:
  virtual ~LiveTypes() = default;

  virtual std::string_view kind() const = 0;        // "wasm", as in addresses and messages
  virtual std::string_view media_type() const = 0;  // of the code
  // Whether the bytes look like code of this kind.
  virtual bool is_code(std::string_view bytes) const = 0;

  // Checks, compiles and starts the code once, away from the control thread; may take seconds.
  // Error: kInvalid with the reason; that of `read` when the code cannot be had.
  virtual Task<Result<LiveType>> make(LiveCode code) = 0;

  // In place of one that could not be made: takes every conf, and fails in each exchange with `why`, as its settings
  // say what a failure does.
  virtual std::shared_ptr<const PluginType> make_failed(const LiveCode& code, Error why) = 0;
};

}  // namespace sallyport::chain
