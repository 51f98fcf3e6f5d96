#include "media/reference-times.h"

#include <algorithm>

namespace sallyport::media {

namespace {

/// A peer's clock may tick this coarsely.
constexpr std::uint64_t kClockGrainUs = 20'000;
constexpr std::uint64_t kLongestRoundTripUs = 60'000'000;

}  // namespace

std::optional<std::uint32_t> ReferenceTimes::roundTripUs(std::uint32_t last, std::uint32_t delay,
                                                         std::uint64_t nowUs) const noexcept {
  if (last == 0) return std::nullopt;  // none was received yet (RFC 3550 §6.4.1)
  const auto found = std::ranges::find(passed_, last, &Passed::middle);
  if (found == passed_.end() || nowUs < found->atUs) return std::nullopt;

  const std::uint64_t elapsedUs = nowUs - found->atUs;
  const std::uint64_t delayUs = std::uint64_t{delay} * 1'000'000 >> 16;
  if (delayUs > elapsedUs + kClockGrainUs) return std::nullopt;
  const std::uint64_t roundTripUs = elapsedUs > delayUs ? elapsedUs - delayUs : 0;
  if (roundTripUs > kLongestRoundTripUs) return std::nullopt;
  return static_cast<std::uint32_t>(roundTripUs);
}

}  // namespace sallyport::media
