#pragma once
// Bytes too large for a value, each in a file that is named after its SHA-256, so that a name never means other bytes.
// What is written is durable when it is there; what no value names any more is removed by whoever knows the values.
// A BlobFolder belongs to the control thread; `read` may be called on any, also of a copy.

#include "base/result.h"

#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace sallyport::store {

class BlobFolder {
 public:
  // The folder is made, readable by its owner alone, with the first blob.
  explicit BlobFolder(std::string path) : path_(std::move(path)) {}

  // The name under which the bytes are kept, durable when it returns: 64 hexadecimal digits. A damaged file of that
  // name is replaced. Error: kUnavailable, naming the file.
  Result<std::string> put(std::string_view bytes);

  // Error: kUnavailable, naming the file: it cannot be read, or its bytes are not those that its name stands for.
  Result<std::string> read(const std::string& name) const;

  // Removes every other file, those of writes that were broken off, too.
  void keep_only(const std::set<std::string>& names);

 private:
  std::string path_of(const std::string& name) const { return path_ + "/" + name; }
  Status create_folder() const;
  Status write(const std::string& name, std::string_view bytes) const;

  std::string path_;
};

}  // namespace sallyport::store
