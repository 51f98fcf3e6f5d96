#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace sallyport::srtp {

inline constexpr std::size_t kRtcpHeaderOctets = 8;
/// The word of SRTCP that holds the E bit and the index (RFC 3711 §3.4).
inline constexpr std::size_t kSrtcpIndexOctets = 4;

constexpr std::uint32_t readUint32(std::span<const std::uint8_t> bytes, std::size_t at) noexcept {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 |
         std::uint32_t{bytes[at + 2]} << 8 | std::uint32_t{bytes[at + 3]};
}

constexpr std::uint16_t readUint16(std::span<const std::uint8_t> bytes, std::size_t at) noexcept {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

/// The fields of an RTP header (RFC 3550 §5.1) that SRTP needs.
struct RtpHeader {
  /// With CSRC list and extension: where encryption starts.
  std::size_t octets;
  std::uint16_t sequenceNumber;
  std::uint32_t ssrc;
};

/// Empty when `packet` is not version 2 or ends before its header does.
constexpr std::optional<RtpHeader> readRtpHeader(std::span<const std::uint8_t> packet) noexcept {
  constexpr std::size_t fixedOctets = 12;
  if (packet.size() < fixedOctets || packet[0] >> 6 != 2) return std::nullopt;

  std::size_t octets = fixedOctets + 4 * (packet[0] & 0x0fu);
  const bool hasExtension = (packet[0] & 0x10) != 0;
  if (hasExtension) {
    if (packet.size() < octets + 4) return std::nullopt;
    octets += 4 + 4 * std::size_t{readUint16(packet, octets + 2)};
  }
  if (packet.size() < octets) return std::nullopt;
  return RtpHeader{octets, readUint16(packet, 2), readUint32(packet, 8)};
}

/// SSRC of the first packet of an RTCP compound (RFC 3550 §6.1). Empty when it is not version 2 or
/// too short.
constexpr std::optional<std::uint32_t> readRtcpSsrc(std::span<const std::uint8_t> packet) noexcept {
  if (packet.size() < kRtcpHeaderOctets || packet[0] >> 6 != 2) return std::nullopt;
  return readUint32(packet, 4);
}

/// True when the packet after `index` with this sequence number would need a rollover counter of
/// 2^32: the 48 bits of the packet index are used up (RFC 3711 §3.3.1). libsrtp would start again
/// at zero.
constexpr bool runsOutOfIndices(std::uint64_t index, std::uint16_t sequenceNumber) noexcept {
  constexpr std::uint64_t lastRolloverCounter = 0xffff'ffff;
  const auto highest = static_cast<std::uint16_t>(index);
  return index >> 16 == lastRolloverCounter && highest >= 0x8000 &&
         highest - 0x8000 > sequenceNumber;
}

}  // namespace sallyport::srtp
