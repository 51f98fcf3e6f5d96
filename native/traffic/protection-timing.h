#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "srtp/suite.h"

namespace sallyport::traffic {

/// CPU time of this thread for one packet, averaged, in nanoseconds.
struct ProtectionTiming {
  double protectNs = 0;
  double unprotectNs = 0;
};

/// Protects and opens `packets` packets of one stream under a fresh key in a plain loop, without
/// sockets. Nothing when a packet was refused or came out changed, or when the plan's limits are
/// exceeded.
[[nodiscard]] std::optional<ProtectionTiming> timeProtection(srtp::Suite suite,
                                                             std::size_t payloadOctets,
                                                             std::uint32_t packets);

}  // namespace sallyport::traffic
