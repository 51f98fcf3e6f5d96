#pragma once

#include <cstddef>
#include <cstdint>

#include "media/sequence-numbering.h"

namespace sallyport::media {

/// What was received of one stream, as RFC 3550 §6.4.1 reports it.
class Reception {
 public:
  /// `clockHz` 0: the payload type's clock is not known, and the packet says nothing of jitter.
  void onPacket(SequenceNumbering::Order order, std::uint8_t payloadType, std::size_t octets,
                std::uint32_t timestamp, std::uint32_t clockHz, std::uint64_t atUs) noexcept;

  [[nodiscard]] std::uint64_t packets() const noexcept { return packets_; }
  [[nodiscard]] std::uint64_t octets() const noexcept { return octets_; }
  [[nodiscard]] std::uint64_t duplicates() const noexcept { return duplicates_; }
  [[nodiscard]] std::uint64_t reordered() const noexcept { return reordered_; }
  /// The last one whose clock is known.
  [[nodiscard]] std::uint8_t payloadType() const noexcept { return payloadType_; }
  /// Of the clock that jitter is counted in; 0 where none is known.
  [[nodiscard]] std::uint32_t clockHz() const noexcept { return clockHz_; }
  /// Interarrival jitter in units of that clock (RFC 3550 A.8).
  [[nodiscard]] std::uint32_t jitter() const noexcept { return scaledJitter_ >> 4; }

 private:
  void observeTransit(std::uint32_t timestamp, std::uint64_t atUs) noexcept;

  std::uint64_t packets_ = 0;
  std::uint64_t octets_ = 0;
  std::uint64_t duplicates_ = 0;
  std::uint64_t reordered_ = 0;
  std::uint32_t clockHz_ = 0;
  std::uint32_t lastTransit_ = 0;
  std::uint32_t lastTimestamp_ = 0;
  /// 16 times the jitter, so that the running mean keeps its fraction.
  std::uint32_t scaledJitter_ = 0;
  std::uint8_t payloadType_ = 0;
  bool hasTransit_ = false;
};

}  // namespace sallyport::media
