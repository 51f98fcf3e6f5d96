#pragma once

#include <cstdint>

namespace sallyport::media {

/// Which of the two ports of a leg.
enum class Channel : std::uint8_t { rtp, rtcp };

}  // namespace sallyport::media
