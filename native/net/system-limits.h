#pragma once

#include <cstdint>

#include "net/media-plane.h"

namespace sallyport::net {

/// What the system grants a media plane.
struct SystemLimits {
  /// Most descriptors that the process may have open (RLIMIT_NOFILE, the soft limit).
  std::uint64_t descriptors = 0;
  /// What each socket gets; 0 when none could be bound to ask.
  SocketBuffers buffers;
};

[[nodiscard]] SystemLimits readSystemLimits(const MediaPlaneOptions& options) noexcept;

}  // namespace sallyport::net
