#pragma once

#include <cstdint>
#include <vector>

#include "media/payload-clocks.h"

namespace sallyport::media {

/// What is watched on a leg, and with what knowledge of it.
struct LegMonitoring {
  /// Of payload types that the leg's peer may send; static ones need no mention.
  std::vector<PayloadClock> clocks;
  /// Silence after which the leg's RTP, or its RTCP, is said to have ceased; 0: never.
  std::uint32_t rtpTimeoutMs = 0;
  std::uint32_t rtcpTimeoutMs = 0;
};

}  // namespace sallyport::media
