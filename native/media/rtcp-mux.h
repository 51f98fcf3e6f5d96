#pragma once

#include <cstdint>
#include <span>

namespace sallyport::media {

/// True when a datagram on a port that RTP and RTCP share is RTCP: version 2 and a packet type from
/// 192 to 223, where RTP would have the marker bit and a payload type from 64 to 95, which nobody
/// may use on such a port (RFC 5761 §4).
[[nodiscard]] constexpr bool isRtcpOfSharedPort(std::span<const std::uint8_t> datagram) noexcept {
  return datagram.size() >= 2 && datagram[0] >> 6 == 2 && datagram[1] >= 192 && datagram[1] <= 223;
}

}  // namespace sallyport::media
