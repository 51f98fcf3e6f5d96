#pragma once

#include <cstdint>

#include "base/result.h"
#include "net/udp-socket.h"

namespace sallyport::net {

/// Ports that legs may use, both ends included.
struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
};

/// An even port for RTP and the odd one above it for RTCP (RFC 3550 §11).
struct PortPair {
  UdpSocket rtp;
  UdpSocket rtcp;
};

/// Binds a free pair of `range` on `host`, trying each pair once from the one that `start` picks:
/// pass a random number, so that ports cannot be foretold.
/// `portTaken`: no pair of the range is free, or the range has none.
[[nodiscard]] Result<PortPair, BindFailure> bindPortPair(const media::TransportAddress& host,
                                                         PortRange range,
                                                         std::uint32_t start) noexcept;

}  // namespace sallyport::net
