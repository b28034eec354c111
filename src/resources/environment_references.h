#pragma once
// Texts of resources that stand in the environment of the gateway: `$env://NAME`, or `$env://NAME/member` of a variable
// that is a JSON object; `$ENV://` means the same. They may stand in place of any text in the confs of plugins, and of
// certificates, keys and tokens (resources/referring_texts.h). What is stored and shown is the reference.

#include "base/environment.h"
#include "base/result.h"
#include "json/value.h"
#include "resources/kinds.h"

namespace sallyport::resources {

// `resource` with what its references stand for. Error: kInvalid, "cert: $env://NAME: ...", never with a value.
Result<json::Value> with_environment(Kind kind, json::Value resource,
                                     const EnvironmentLookup& lookup = process_environment);

// What is wrong with `used`, which was made of `written`, with the references in place of what they stand for.
std::unexpected<Error> told_without_values(Error error, const json::Value& written, const json::Value& used);

}  // namespace sallyport::resources
