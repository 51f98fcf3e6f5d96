#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "srtp/key-registry.h"
#include "srtp/session-options.h"

namespace sallyport::srtp {

/// What one session may still do with a master key: the key's use over all sessions of the process
/// against the lifetime that this one was told (RFC 4568 §6.1) and the maxima of RFC 3711 §9.2.
/// Whichever count gets there first, SRTP's or SRTCP's, ends the key.
class KeyBudget {
 public:
  /// `usage` stays as long as the budget.
  KeyBudget(KeyUsage& usage, std::uint64_t lifetimePackets, ExpiryRule expiry) noexcept;

  /// True when the key must not be used again.
  bool isSpent() const noexcept { return hasReached(hardRtp_, hardRtcp_); }
  /// True past the lifetime, also where the key goes on until the maxima.
  bool isPastLifetime() const noexcept { return hasReached(softRtp_, softRtcp_); }
  /// True when four fifths of the lifetime are used.
  bool isNearlySpent() const noexcept {
    return hasReached(softRtp_ - softRtp_ / 5, softRtcp_ - softRtcp_ / 5);
  }

  void countRtp() noexcept { usage_->countRtp(); }
  void countRtcp() noexcept { usage_->countRtcp(); }

 private:
  bool hasReached(std::uint64_t rtp, std::uint64_t rtcp) const noexcept {
    return usage_->rtpPackets() >= rtp || usage_->rtcpPackets() >= rtcp;
  }

  KeyUsage* usage_;
  std::uint64_t softRtp_;
  std::uint64_t softRtcp_;
  std::uint64_t hardRtp_;
  std::uint64_t hardRtcp_;
};

/// What a session has to say of one of its keys. Each is said once for a key.
class KeyNotices {
 public:
  void onNearlySpent() noexcept {
    if (!std::exchange(hasSaidDue_, true)) pending_ = KeyNotice::rekeyDue;
  }
  void onExpired() noexcept {
    if (!std::exchange(hasSaidExpired_, true)) pending_ = KeyNotice::expired;
  }
  std::optional<KeyNotice> take() noexcept { return std::exchange(pending_, std::nullopt); }

 private:
  bool hasSaidDue_ = false;
  bool hasSaidExpired_ = false;
  std::optional<KeyNotice> pending_;
};

}  // namespace sallyport::srtp
