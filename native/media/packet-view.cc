#include "media/packet-view.h"

namespace sallyport::media {

namespace {

constexpr std::size_t kFixedHeaderOctets = 12;
constexpr std::size_t kExtensionHeaderOctets = 4;
constexpr std::size_t kRtcpHeaderOctets = 4;
/// Header and SSRC of the sender: the part of SRTCP in clear (RFC 3711 §3.4).
constexpr std::size_t kRtcpClearOctets = 8;
constexpr std::uint8_t kVersion = 2;

constexpr bool isVersion2(std::uint8_t first) noexcept { return first >> 6 == kVersion; }
constexpr bool isPadded(std::uint8_t first) noexcept { return (first & 0x20) != 0; }
constexpr bool isExtended(std::uint8_t first) noexcept { return (first & 0x10) != 0; }

constexpr std::uint16_t read16(std::span<const std::uint8_t> from, std::size_t offset) noexcept {
  return static_cast<std::uint16_t>(from[offset] << 8 | from[offset + 1]);
}

constexpr std::uint32_t read32(std::span<const std::uint8_t> from, std::size_t offset) noexcept {
  return std::uint32_t{read16(from, offset)} << 16 | read16(from, offset + 2);
}

}  // namespace

std::optional<RtpPacketView> RtpPacketView::parse(std::span<const std::uint8_t> packet) noexcept {
  if (packet.size() < kFixedHeaderOctets || !isVersion2(packet[0])) return std::nullopt;

  std::size_t headerOctets = kFixedHeaderOctets + 4 * std::size_t{packet[0] & 0x0fU};
  if (isExtended(packet[0])) {
    if (packet.size() < headerOctets + kExtensionHeaderOctets) return std::nullopt;
    headerOctets += kExtensionHeaderOctets + 4 * std::size_t{read16(packet, headerOctets + 2)};
  }
  if (packet.size() < headerOctets) return std::nullopt;
  return RtpPacketView(packet, headerOctets);
}

std::uint16_t RtpPacketView::sequenceNumber() const noexcept { return read16(packet_, 2); }

std::uint32_t RtpPacketView::timestamp() const noexcept { return read32(packet_, 4); }

std::uint32_t RtpPacketView::ssrc() const noexcept { return read32(packet_, 8); }

bool RtpPacketView::hasSoundPadding() const noexcept {
  if (!isPadded(packet_[0])) return true;
  const std::size_t padding = packet_.back();
  return padding > 0 && padding <= packet_.size() - headerOctets_;
}

bool beginsLikeRtcp(std::span<const std::uint8_t> packet) noexcept {
  return packet.size() >= kRtcpClearOctets && isVersion2(packet[0]) && packet[1] >= 192 &&
         packet[1] <= 223;
}

bool isSoundRtcp(std::span<const std::uint8_t> packet) noexcept {
  if (!beginsLikeRtcp(packet)) return false;
  while (!packet.empty()) {
    if (packet.size() < kRtcpHeaderOctets || !isVersion2(packet[0])) return false;
    const std::size_t octets = kRtcpHeaderOctets + 4 * std::size_t{read16(packet, 2)};
    if (packet.size() < octets) return false;
    if (isPadded(packet[0])) {
      const std::size_t padding = packet[octets - 1];
      const bool isSound = padding > 0 && padding % 4 == 0 && padding <= octets - kRtcpHeaderOctets;
      if (packet.size() != octets || !isSound) return false;
    }
    packet = packet.subspan(octets);
  }
  return true;
}

}  // namespace sallyport::media
