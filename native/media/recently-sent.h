#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "media/packet-view.h"

namespace sallyport::media {

/// The last RTP headers that left for a peer without protection. A packet that comes back from
/// there with SSRC, sequence number and timestamp of one of them is that packet, reflected: RFC
/// 3550 §8.2 calls it a loop. Another stream that has the same SSRC by accident is none.
class RecentlySent {
 public:
  void note(const RtpPacketView& packet) noexcept { place(packet) = headerOf(packet); }

  [[nodiscard]] bool has(const RtpPacketView& packet) const noexcept {
    return headers_[packet.sequenceNumber() % kHeaders] == headerOf(packet);
  }

 private:
  /// 1.3 s of speech at 50 packets a second.
  static constexpr std::size_t kHeaders = 64;

  struct Header {
    std::uint32_t ssrc = 0;
    std::uint32_t timestamp = 0;
    std::uint16_t sequenceNumber = 0;
    bool isSet = false;

    bool operator==(const Header&) const noexcept = default;
  };

  static Header headerOf(const RtpPacketView& packet) noexcept {
    return {packet.ssrc(), packet.timestamp(), packet.sequenceNumber(), true};
  }
  Header& place(const RtpPacketView& packet) noexcept {
    return headers_[packet.sequenceNumber() % kHeaders];
  }

  std::array<Header, kHeaders> headers_;
};

}  // namespace sallyport::media
