#include "srtp/key-budget.h"

#include <algorithm>

namespace sallyport::srtp {

KeyBudget::KeyBudget(KeyUsage& usage, std::uint64_t lifetimePackets, ExpiryRule expiry) noexcept
    : usage_(&usage),
      softRtp_(std::min(lifetimePackets, kMaxRtpPacketsPerKey)),
      softRtcp_(std::min(lifetimePackets, kMaxRtcpPacketsPerKey)),
      hardRtp_(expiry == ExpiryRule::stop ? softRtp_ : kMaxRtpPacketsPerKey),
      hardRtcp_(expiry == ExpiryRule::stop ? softRtcp_ : kMaxRtcpPacketsPerKey) {}

}  // namespace sallyport::srtp
