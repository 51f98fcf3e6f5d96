#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "srtp/srtp-inbound.h"

namespace sallyport::srtp {

/// Finds where a stream is that we join late, or lost for more than half a rollover: SDES cannot
/// say its rollover counter (RFC 4568 §6.4.1). Packets that failed their tag are tried under higher
/// counters, never at or below the highest index that was accepted under the key; two packets of a
/// stream, one after the other, must agree before the first is passed. Tries are limited, so that a
/// flood cannot buy time with them.
class RolloverProbe {
 public:
  /// Tries of all streams together; each costs as much as a tag.
  static constexpr std::uint32_t kMaxTriesPerSecond = 200;
  /// Packets longer than that are not tried.
  static constexpr std::size_t kMaxTriedOctets = 2048;

  explicit RolloverProbe(std::uint32_t maxRollovers);

  /// True when `packet`, which failed its tag under `inbound`, and the one before it agreed: its
  /// index is then the one that `inbound` expects.
  bool findIndex(SrtpInbound& inbound, std::span<const std::uint8_t> packet,
                 std::uint64_t nowMs) noexcept;

 private:
  /// A packet that opened, and waits for one that agrees.
  struct Candidate {
    std::uint32_t ssrc = 0;
    /// 0: none.
    std::uint64_t index = 0;
  };

  bool mayTry(std::uint64_t nowMs) noexcept;
  Candidate* findCandidate(std::uint32_t ssrc) noexcept;

  std::uint32_t maxRollovers_;
  std::uint32_t tries_ = 0;
  std::uint64_t secondBeganMs_ = 0;
  /// The oldest gives way: only authentic packets come in.
  std::array<Candidate, 4> candidates_;
  std::size_t nextCandidate_ = 0;
  std::unique_ptr<std::uint8_t[]> scratch_;
};

}  // namespace sallyport::srtp
