#pragma once
// What a route leads to; whoever builds the table knows what it is.

namespace sallyport::route {

class Target {
 public:
  virtual ~Target() = default;
};

}  // namespace sallyport::route
