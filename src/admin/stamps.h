#pragma once
// create_time and update_time of stored values, in whole seconds since 1970. Pure functions.

#include "base/clock.h"
#include "base/result.h"
#include "json/value.h"

namespace sallyport::admin {

// PUT and POST may not bring them. Error: kInvalid, `the property is forbidden:  create_time update_time`.
Status refuse_stamps(const json::Value& value);

// For a value that replaces `previous` (null: none): created when that was, updated now.
void stamp_new(json::Value& value, const json::Value* previous, WallTime now);

// For a value that was patched; a patch may bring the times itself (null: a part of the value was set).
void stamp_patched(json::Value& value, const json::Value* patch, WallTime now);

}  // namespace sallyport::admin
