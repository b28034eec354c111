#pragma once
// Plugins for unit tests whose code is the text "code:" and what the plugin refuses to be configured with; no part of
// the product.

#include "admin/admin_fixture.h"
#include "admin/live_plugins.h"
#include "base/sha256.h"
#include "store/blob_folder.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace sallyport::admin {

class LiveProbeType final : public chain::PluginType {
 public:
  LiveProbeType(std::string name, std::string code, int priority)
      : name_(std::move(name)), code_(std::move(code)), priority_(priority) {}
  std::string_view name() const override { return name_; }
  int priority() const override { return priority_; }
  const json::Schema& schema() const override {
    static const json::Schema schema = json::Schema::must_compile(R"({"type":"object"})");
    return schema;
  }
  Task<Result<chain::PluginPtr>> configure(const json::Value& conf, const chain::Place&) const override {
    if ("code:" + conf.string_or("text", "") != code_) return Result<chain::PluginPtr>(std::make_shared<const Idle>());
    return Result<chain::PluginPtr>(fail(ErrorCode::kInvalid, code_ + " refuses it"));
  }
  const std::string& code() const { return code_; }

 private:
  class Idle final : public chain::Plugin {
   public:
    chain::PhaseSet phases() const override { return {}; }
    chain::Filter* make_filter(chain::Exchange&) const override { return nullptr; }
  };
  std::string name_, code_;
  int priority_;
};

// "code:broken" cannot be compiled; of the settings, `priority` counts.
class LiveProbes final : public chain::LiveTypes {
 public:
  std::string_view kind() const override { return "probes"; }
  std::string_view media_type() const override { return "application/x-probe"; }
  bool is_code(std::string_view bytes) const override { return bytes.starts_with("code:"); }
  Task<Result<chain::LiveType>> make(chain::LiveCode code) override {
    using Answer = Result<chain::LiveType>;
    if (code.settings.find("unknown")) return Answer(fail(ErrorCode::kInvalid, "unknown is unknown"));
    auto bytes = code.read();
    if (!bytes) return Answer(fail(bytes.error()));
    if (*bytes == "code:broken") return Answer(fail(ErrorCode::kInvalid, "it does not compile"));
    chain::LiveType made;
    made.type = std::make_shared<const LiveProbeType>(code.name, *bytes,
                                                      static_cast<int>(code.settings.integer_or("priority", 0)));
    made.facts["abi_version"] = "7";
    return Answer(std::move(made));
  }
  std::shared_ptr<const chain::PluginType> make_failed(const chain::LiveCode& code, Error why) override {
    return std::make_shared<const LiveProbeType>(code.name, "failed: " + why.what, 0);
  }
};

struct LiveFixture : AdminFixture {
  explicit LiveFixture(std::unique_ptr<store::Store> own_store = nullptr) : AdminFixture(std::move(own_store)) {
    live.use(std::make_shared<LiveProbes>(), {100, 3, {"taken"}});
    services.live = &live;
  }

  // The code that serves under this name, or "none".
  std::string serving(std::string_view name) const {
    const auto* type = static_cast<const LiveProbeType*>(catalog.find(name));
    return type ? type->code() : "none";
  }
  json::Value value_of(const std::string& name) {
    std::string answer = ask("GET", "/probes/" + name);
    return *json::parse(answer.substr(4))->find("value");
  }

  store::BlobFolder blobs{folder.file("a.db.blobs")};
  LivePlugins live{services, &blobs};
};

}  // namespace sallyport::admin
