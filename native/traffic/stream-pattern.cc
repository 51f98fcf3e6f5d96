#include "traffic/stream-pattern.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "srtp/packet-layout.h"

namespace sallyport::traffic {

namespace {

/// Arbitrary, and unlike what other software begins with.
constexpr std::uint32_t kFirstSsrc = 0x5a11'0000;
/// As of a frame of 20 ms at 8 kHz.
constexpr std::uint32_t kTimestampStep = 160;
constexpr std::size_t kPatterns = 4096;

/// Octets that no two offsets begin alike.
constexpr auto kNoise = [] {
  std::array<std::uint8_t, kPatterns + kMaxPayloadOctets> noise{};
  std::uint32_t state = 0x9e37'79b9;
  for (std::uint8_t& octet : noise) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    octet = static_cast<std::uint8_t>(state >> 24);
  }
  return noise;
}();

const std::uint8_t* payloadOf(PacketName name) noexcept {
  return &kNoise[(name.stream * 2654435761U + name.round * 40503U) >> 7 & (kPatterns - 1)];
}

void writeUint32(std::span<std::uint8_t> to, std::uint32_t value) noexcept {
  for (std::size_t i = 0; i < 4; ++i) to[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

/// Below 2^15, as RFC 3711 §3.3.1 advises, and different for neighbours.
constexpr std::uint32_t firstSequenceNumber(std::uint32_t stream) noexcept {
  return stream * 7919 & 0x7fff;
}

void writeHeader(PacketName name, std::uint8_t payloadType, std::span<std::uint8_t> to) noexcept {
  const std::uint32_t sequenceNumber = firstSequenceNumber(name.stream) + name.round;
  to[0] = 0x80;
  to[1] = payloadType;
  to[2] = static_cast<std::uint8_t>(sequenceNumber >> 8);
  to[3] = static_cast<std::uint8_t>(sequenceNumber);
  writeUint32(to.subspan(4), name.round * kTimestampStep);
  writeUint32(to.subspan(8), kFirstSsrc + name.stream);
}

}  // namespace

void StreamPattern::write(PacketName name, std::span<std::uint8_t> packet) const noexcept {
  writeHeader(name, payloadType_, packet);
  std::copy_n(payloadOf(name), payloadOctets_, packet.begin() + kRtpHeaderOctets);
}

std::optional<PacketName> StreamPattern::nameOf(
    std::span<const std::uint8_t> packet) const noexcept {
  const auto header = srtp::readRtpHeader(packet);
  if (!header) return std::nullopt;
  const std::uint32_t stream = header->ssrc - kFirstSsrc;
  const std::uint32_t round = header->sequenceNumber - firstSequenceNumber(stream);
  if (stream >= streams_ || round >= rounds_) return std::nullopt;
  return PacketName{stream, round};
}

bool StreamPattern::matches(PacketName name, std::span<const std::uint8_t> packet) const noexcept {
  if (packet.size() != packetOctets()) return false;
  std::array<std::uint8_t, kRtpHeaderOctets> header{};
  writeHeader(name, payloadType_, header);
  return std::memcmp(packet.data(), header.data(), header.size()) == 0 &&
         std::memcmp(packet.data() + header.size(), payloadOf(name), payloadOctets_) == 0;
}

}  // namespace sallyport::traffic
