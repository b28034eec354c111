// Plugins that are handed in by naming where their code lies.

#include "admin/live_plugins.h"
#include "admin/live_value.h"
#include "admin/stamps.h"
#include "source/watcher.h"

#include <utility>

namespace sallyport::admin {
namespace {

std::uint64_t seconds_of(WallTime now) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count());
}

// Of a stored plugin whose source is looked at; nothing where it has none, or that is paused.
std::optional<source::Spec> spec_of(const json::Value& value) {
  const json::Value* written = value.find("source");
  if (!written || value.boolean_or("source_paused", false)) return std::nullopt;
  auto spec = source::read_spec(*written);
  return spec ? std::make_optional(*std::move(spec)) : std::nullopt;
}

}  // namespace

Task<Result<LivePlugins::Code>> LivePlugins::fetch_code(std::string name, json::Value source, json::Value settings,
                                                        store::EntryPtr present) {
  auto spec = source::read_spec(source);
  if (!spec) co_return fail_at("invalid configuration", std::move(spec).error());
  if (!services_.fetch) co_return fail(ErrorCode::kUnavailable, "this gateway fetches nothing");
  Code code;
  code.name = std::move(name);
  code.settings = std::move(settings);
  code.source = std::move(source);
  code.sha256 = kept_hash(*spec, present);
  if (!code.sha256.empty()) co_return code;
  CO_TRY(source::Fetched fetched, co_await services_.fetch(*std::move(spec), settings_.max_bytes));
  code.bytes = std::make_shared<const std::string>(std::move(fetched.bytes));
  code.sha256 = std::move(fetched.sha256);
  code.validator = std::move(fetched.validator);
  co_return code;
}

// Of code that need not be fetched: what is wanted is there already, or came from the same place and may stay.
std::string LivePlugins::kept_hash(const source::Spec& spec, const store::EntryPtr& present) const {
  if (spec.pull == source::Pull::kAlways || !present) return {};
  auto known = spec_of(present->value);
  if (!known || known->url != spec.url) return {};
  std::string hash = present->value.string_or("sha256", "");
  const bool is_wanted = spec.sha256.empty() || spec.sha256 == hash;
  return is_wanted && code(hash) ? hash : std::string();
}

json::Value LivePlugins::value_with(const store::EntryPtr& present, const Code& code, const chain::LiveType& made,
                                    std::size_t size) const {
  json::Object version{{"sha256", code.sha256}, {"size", static_cast<std::uint64_t>(size)}};
  for (const auto& [name, fact] : made.facts) version[name] = fact;
  version["priority"] = made.type->priority();
  version["settings"] = code.settings;
  if (!code.source.is_null()) version["source"] = code.source;
  version["create_time"] = seconds_of(services_.clock->wall());
  return with_version(present ? &present->value : nullptr, code.name, std::move(version), settings_.keep_versions);
}

// `fresh`: the code that has just been put, or null at a start.
void LivePlugins::follow_source(const std::string& name, const json::Value& value, const Code* fresh) {
  if (!services_.watcher) return;
  auto spec = spec_of(value);
  if (!spec) return services_.watcher->forget(name);
  source::Watcher::Present present;
  present.is_there = !failed_.contains(name);
  present.is_fresh = fresh && fresh->bytes;
  if (present.is_fresh) present.validator = fresh->validator;
  auto take = [this](std::string of, source::Spec from, source::Fetched fetched) {
    return take_fetched(std::move(of), std::move(from), std::move(fetched));
  };
  services_.watcher->watch(name, *std::move(spec), std::move(present), std::move(take));
}

// What the watcher brings: a version as if it had been put, unless something else was put meanwhile.
Task<Status> LivePlugins::take_fetched(std::string name, source::Spec spec, source::Fetched fetched) {
  CO_TRY(store::EntryPtr old, co_await services_.store->get(key_of(name)));
  if (!old || spec_of(old->value) != spec) co_return Status();
  const bool has_failed = failed_.contains(name);
  if (!has_failed && old->value.string_or("sha256", "") == fetched.sha256) co_return Status();
  Code code;
  code.name = name;
  code.settings = settings_of(old->value);
  code.source = *old->value.find("source");
  code.bytes = std::make_shared<const std::string>(std::move(fetched.bytes));
  code.sha256 = std::move(fetched.sha256);
  code.validator = std::move(fetched.validator);
  CO_TRY(chain::LiveType made, co_await make(code));
  json::Value value = value_with(old, code, made, code.bytes->size());
  stamp_new(value, &old->value, services_.clock->wall());
  async::Mutex::Lock lock = co_await services_.changes->lock();
  const Misfits misfits = has_failed ? Misfits::kLeave : Misfits::kRefuse;
  CO_TRY_STATUS(co_await put(code, std::move(made), std::move(value), old->modified_index, misfits));
  co_return Status();
}

}  // namespace sallyport::admin
