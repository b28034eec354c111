#pragma once
// How much of what only costs a client may still do on its connection: each kind comes out of an allowance that refills
// with time. Against rapid resets (CVE-2023-44487, CVE-2025-8671) and floods of frames that are cheap to send
// (CVE-2019-9511 to 9518). Belongs to its connection.

#include "base/clock.h"
#include "h2/server_limits.h"

#include <nghttp2/nghttp2.h>

namespace sallyport::h2 {

class Bucket {
 public:
  Bucket(Allowance allowance, SteadyTime now) : allowance_(allowance), left_(allowance.at_once), filled_(now) {}
  // False: there was nothing left.
  bool take(SteadyTime now);
  void earn(double more);

 private:
  Allowance allowance_;
  double left_;
  SteadyTime filled_;
};

class ServerBudget {
 public:
  ServerBudget(const ServerLimits& limits, SteadyTime now)
      : resets_(limits.resets, now), idle_(limits.idle_frames, now) {}

  // Each false: the client has taken too much.
  bool frame_begins(const nghttp2_frame_hd& head, SteadyTime now);
  bool stream_was_reset(SteadyTime now) { return resets_.take(now); }
  // What lets a client answer with frames of its own.
  void request_began() { idle_.earn(kFramesARequest); }
  void data_sent() { idle_.earn(kFramesADataFrame); }

 private:
  static constexpr double kFramesARequest = 4;
  static constexpr double kFramesADataFrame = 4;

  Bucket resets_;
  Bucket idle_;
};

}  // namespace sallyport::h2
