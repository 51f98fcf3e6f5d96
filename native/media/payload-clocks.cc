#include "media/payload-clocks.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sallyport::media {

namespace {

/// RFC 3551 tables 4 and 5; 0 where reserved, unassigned or dynamic. G.722 (9) counts in 8000 Hz by
/// an old mistake that was kept.
constexpr std::array<std::uint32_t, 35> kStaticClocks{
    8000, 0,     0,     8000, 8000,  8000,  16000, 8000,  8000,  8000,  44100, 44100,
    8000, 8000,  90000, 8000, 11025, 22050, 8000,  0,     0,     0,     0,     0,
    0,    90000, 90000, 0,    90000, 0,     0,     90000, 90000, 90000, 90000};

}  // namespace

PayloadClocks::PayloadClocks(std::vector<PayloadClock> named) noexcept : named_(std::move(named)) {}

std::uint32_t PayloadClocks::clockHz(std::uint8_t payloadType) const noexcept {
  const auto found = std::ranges::find(named_, payloadType, &PayloadClock::payloadType);
  if (found != named_.end()) return found->clockHz;
  return payloadType < kStaticClocks.size() ? kStaticClocks[payloadType] : 0;
}

}  // namespace sallyport::media
