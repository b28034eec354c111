#pragma once
// The forms that answers of the Admin API have.

#include "base/result.h"
#include "http/message.h"
#include "json/value.h"
#include "store/store.h"

#include <string>
#include <string_view>

namespace sallyport::admin {

http::Response answer(int status, const json::Value& body);     // JSON and a newline
http::Response answer_text(int status, std::string body);       // already JSON and a newline
http::Response refuse(int status, std::string_view error_msg);  // {"error_msg": ...}
http::Response key_not_found();                                 // 404 {"message":"Key not found"}

// What an error of a check, of the store or of compilation is answered with.
http::Response refuse(const Error& error);

std::string key_text(const store::Key& key);  // "/apisix/routes/1"

// {"key":...,"value":...}, as the answer of a write.
http::Response answer_written(int status, const store::Entry& entry);
// With createdIndex and modifiedIndex, as GET shows it; appended to `out`.
void print_entry(std::string& out, const store::Entry& entry);

}  // namespace sallyport::admin
