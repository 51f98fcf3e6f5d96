#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace sallyport::media {

/// The fixed and variable parts of an RTP header (RFC 3550 §5.1), read without copying.
///
///    0                   1                   2                   3
///   |V=2|P|X|  CC   |M|     PT      |       sequence number         |
///   |                           timestamp                           |
///   |                             SSRC                              |
///   |                        CC × 4 octets CSRC                     |
///   |  X: profile | length in words | that many words               |
///
/// All of it travels in clear in SRTP; the padding at the end does not.
class RtpPacketView {
 public:
  /// Nothing when the version is not 2 or the CSRC list or extension runs past the end.
  static std::optional<RtpPacketView> parse(std::span<const std::uint8_t> packet) noexcept;

  [[nodiscard]] std::uint8_t payloadType() const noexcept { return packet_[1] & 0x7f; }
  [[nodiscard]] std::uint16_t sequenceNumber() const noexcept;
  [[nodiscard]] std::uint32_t timestamp() const noexcept;
  [[nodiscard]] std::uint32_t ssrc() const noexcept;
  /// Octets up to the payload.
  [[nodiscard]] std::size_t headerOctets() const noexcept { return headerOctets_; }
  /// False when the padding that the header announces is empty or longer than the payload.
  /// Asks the last octet: meaningful on plaintext only.
  [[nodiscard]] bool hasSoundPadding() const noexcept;

 private:
  RtpPacketView(std::span<const std::uint8_t> packet, std::size_t headerOctets) noexcept
      : packet_(packet), headerOctets_(headerOctets) {}

  std::span<const std::uint8_t> packet_;
  std::size_t headerOctets_;
};

/// True when `packet` begins like RTCP (RFC 3550 §6.4; packet types 192 to 223, RFC 5761 §4).
/// All that can be said of SRTCP before it is opened.
[[nodiscard]] bool beginsLikeRtcp(std::span<const std::uint8_t> packet) noexcept;

/// True when `packet` is a chain of whole RTCP packets, padded at most in the last (RFC 3550 A.2).
/// Any type may come first, as RFC 5506 allows.
[[nodiscard]] bool isSoundRtcp(std::span<const std::uint8_t> packet) noexcept;

}  // namespace sallyport::media
