#include "media/try-budget.h"

#include <algorithm>

namespace sallyport::media {

namespace {

constexpr std::uint64_t kSecondMs = 1000;

}  // namespace

bool TryBudget::allows(const TransportAddress& from, std::uint64_t nowMs) noexcept {
  beginSecondWhenDue(nowMs);
  if (failures_ >= kFailuresPerSecond) return false;
  return std::ranges::none_of(strangers_, [&](const Stranger& stranger) {
    return stranger.failures >= kFailuresPerHost && stranger.host.isSameHost(from);
  });
}

void TryBudget::spend(const TransportAddress& from, std::uint64_t nowMs) noexcept {
  beginSecondWhenDue(nowMs);
  if (failures_ < kFailuresPerSecond) ++failures_;
  const auto place = std::ranges::find_if(strangers_, [&](const Stranger& stranger) {
    return stranger.failures == 0 || stranger.host.isSameHost(from);
  });
  // Where all places are taken the common budget alone counts.
  if (place == strangers_.end()) return;
  place->host = from;
  if (place->failures < kFailuresPerHost) ++place->failures;
}

void TryBudget::beginSecondWhenDue(std::uint64_t nowMs) noexcept {
  if (nowMs - secondBeganMs_ < kSecondMs) return;
  secondBeganMs_ = nowMs;
  failures_ = 0;
  for (Stranger& stranger : strangers_) stranger.failures = 0;
}

}  // namespace sallyport::media
