#pragma once

#include <array>
#include <cstdint>

#include "media/transport-address.h"

namespace sallyport::media {

/// How many packets of strangers may fail their tag in a second before the rest are dropped unread.
/// Each host has a share of its own, so that one that floods leaves the others theirs; who
/// authenticates spends nothing.
class TryBudget {
 public:
  static constexpr std::uint8_t kFailuresPerSecond = 32;
  static constexpr std::uint8_t kFailuresPerHost = 8;

  [[nodiscard]] bool allows(const TransportAddress& from, std::uint64_t nowMs) noexcept;
  void spend(const TransportAddress& from, std::uint64_t nowMs) noexcept;

 private:
  struct Stranger {
    TransportAddress host;
    std::uint8_t failures = 0;
  };

  void beginSecondWhenDue(std::uint64_t nowMs) noexcept;

  std::uint64_t secondBeganMs_ = 0;
  std::uint8_t failures_ = 0;
  std::array<Stranger, kFailuresPerSecond / kFailuresPerHost> strangers_{};
};

}  // namespace sallyport::media
