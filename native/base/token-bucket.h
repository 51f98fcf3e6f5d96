#pragma once

#include <algorithm>
#include <cstdint>

namespace sallyport {

/// So many at once, and so many a second after that. Full at first; a value without a clock.
class TokenBucket {
 public:
  constexpr TokenBucket(std::uint32_t capacity, std::uint32_t perSecond) noexcept
      : capacity_(kThousandths * capacity), perSecond_(perSecond), level_(capacity_) {}

  /// False, and nothing taken, when the bucket is empty.
  [[nodiscard]] constexpr bool take(std::uint64_t nowMs) noexcept {
    // A thousandth of a token for each token a second and millisecond.
    const std::uint64_t elapsedMs = std::min(nowMs - filledMs_, kLongestMs);
    filledMs_ = nowMs;
    level_ = std::min(capacity_, level_ + elapsedMs * perSecond_);
    if (level_ < kThousandths) return false;
    level_ -= kThousandths;
    return true;
  }

 private:
  static constexpr std::uint64_t kThousandths = 1000;
  /// Bounds the product; any bucket of ours is full after less.
  static constexpr std::uint64_t kLongestMs = 1'000'000;

  std::uint64_t capacity_;
  std::uint64_t perSecond_;
  std::uint64_t level_;
  std::uint64_t filledMs_ = 0;
};

}  // namespace sallyport
