#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace sallyport::bench {

/// The packets of one stream: a packet of which only the sequence number changes.
class RtpSample {
 public:
  /// `first` begins with a header of 12 octets (RFC 3550 §5.1).
  explicit RtpSample(std::span<const std::uint8_t> first) : packet_(first.begin(), first.end()) {}

  std::size_t write(std::uint32_t round, std::span<std::uint8_t> room) noexcept {
    number(round);
    std::copy(packet_.begin(), packet_.end(), room.begin());
    return packet_.size();
  }
  [[nodiscard]] bool matches(std::uint32_t round, std::span<const std::uint8_t> packet) noexcept {
    number(round);
    return std::ranges::equal(packet_, packet);
  }

 private:
  void number(std::uint32_t round) noexcept {
    packet_[2] = static_cast<std::uint8_t>(round >> 8);
    packet_[3] = static_cast<std::uint8_t>(round);
  }

  std::vector<std::uint8_t> packet_;
};

}  // namespace sallyport::bench
