#pragma once
// `sallyport check`: reads the settings and the resources as a start would, and reports every problem.
// Serves nothing and changes nothing; runs on the main thread.

#include "app/settings.h"

namespace sallyport::app {

// Prints problems to standard error and a last line to standard output. 0: there is no error; else 1.
int check(const SettingsSource& source);

}  // namespace sallyport::app
