#pragma once
// The file that names the process that serves, for those who send it signals. Written by the process itself, when it
// serves; one that follows another replaces it in one step.

#include "base/result.h"

#include <string>

namespace sallyport::app {

// Creates the folder, too. Error: kUnavailable, naming the file.
Status write_pid_file(const std::string& path);

// Does nothing where it names another process, which has followed this one.
void remove_pid_file(const std::string& path);

}  // namespace sallyport::app
