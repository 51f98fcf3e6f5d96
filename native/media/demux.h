#pragma once

#include <cstdint>
#include <span>

namespace sallyport::media {

/// What shares a media port, told apart by the first octet (RFC 7983 §7).
enum class DatagramKind : std::uint8_t { stun, zrtp, dtls, turnChannel, media, unknown };

[[nodiscard]] constexpr DatagramKind classifyDatagram(
    std::span<const std::uint8_t> datagram) noexcept {
  if (datagram.empty()) return DatagramKind::unknown;
  const std::uint8_t first = datagram[0];
  if (first <= 3) return DatagramKind::stun;
  if (first >= 16 && first <= 19) return DatagramKind::zrtp;
  if (first >= 20 && first <= 63) return DatagramKind::dtls;
  if (first >= 64 && first <= 79) return DatagramKind::turnChannel;
  if (first >= 128 && first <= 191) return DatagramKind::media;
  return DatagramKind::unknown;
}

}  // namespace sallyport::media
