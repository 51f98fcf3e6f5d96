#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "media/payload-clocks.h"
#include "media/reception.h"
#include "media/reference-times.h"
#include "media/sequence-numbering.h"
#include "media/voip-metrics.h"
#include "srtp/session-options.h"

namespace sallyport::media {

/// What the peer of the other leg says of a stream that we carry to it.
struct FarReport {
  /// 256ths, since its report before (RFC 3550 §6.4.1).
  std::uint8_t fractionLost = 0;
  std::int32_t cumulativeLost = 0;
  /// In units of the stream's clock.
  std::uint32_t jitter = 0;
  /// From here to that peer.
  std::optional<std::uint32_t> roundTripUs;
};

/// A peer that takes each SSRC that we turn to is no accident but a loop of our packets; it is not
/// followed for ever (RFC 3550 §8.2).
inline constexpr std::uint8_t kMaxReassignments = 2;
static_assert(srtp::kMaxSentSources == (1 + kMaxReassignments) * srtp::kMaxMaxSources);

/// One SSRC that a leg's peer sends with, and how it goes on.
struct Stream {
  std::uint32_t ssrc = 0;
  /// The SSRC that it leaves with; its own but for a collision, or in the place of another.
  std::uint32_t sentSsrc = 0;
  /// What it left with before, as many as it was reassigned.
  std::array<std::uint32_t, kMaxReassignments> formerSsrcs{};
  std::uint8_t reassignments = 0;
  /// When RTP or RTCP of it came last.
  std::uint64_t heardUs = 0;
  SequenceNumbering numbering;
  Reception reception;
  ReferenceTimes references;
  std::optional<FarReport> farReport;
  std::optional<VoipMetrics> farMetrics;
};

/// The streams that arrive on one leg, so many at most. One that is heard is never pushed out by
/// new ones. One that has been silent for long gives its place to a new one when the table is full,
/// and the SSRC and numbers that it left with stay with the place: an index must not be used twice
/// for as long as a key lives. Allocates only when a stream is added.
class StreamTable {
 public:
  static constexpr std::uint64_t kSilentUs = 30'000'000;

  [[nodiscard]] Stream* find(std::uint32_t ssrc) noexcept;
  [[nodiscard]] Stream* findSent(std::uint32_t sentSsrc) noexcept;
  /// True when a stream leaves with this SSRC, or did.
  [[nodiscard]] bool hasSentWith(std::uint32_t sentSsrc) const noexcept;
  [[nodiscard]] bool isFull() const noexcept { return streams_.size() >= maxStreams; }
  /// Not when full. Pointers to other streams are void afterwards.
  Stream& add(std::uint32_t ssrc, std::uint32_t sentSsrc);
  /// Gives the place of the stream that was silent longest to `ssrc`; null while that is not yet
  /// `kSilentUs`.
  [[nodiscard]] Stream* replaceSilent(std::uint32_t ssrc, std::uint64_t nowUs) noexcept;
  /// Lets a stream leave with another SSRC; not more than `kMaxReassignments` times.
  void reassign(Stream& stream, std::uint32_t sentSsrc) noexcept;
  void onSenderChange() noexcept;
  /// In steps, the table before the stream that the last packet came from, into the cache.
  void prefetch(std::size_t step) const noexcept;
  [[nodiscard]] const std::vector<Stream>& streams() const noexcept { return streams_; }

  PayloadClocks clocks;
  /// What is there stays, also beyond a lower limit.
  std::size_t maxStreams = srtp::kDefaultMaxSources;
  /// From here to the leg's peer, as its last report told.
  std::optional<std::uint32_t> roundTripUs;

 private:
  std::vector<Stream> streams_;
  /// By place, what is searched for most, side by side.
  std::vector<std::uint32_t> ssrcs_;
  std::vector<std::uint32_t> sentSsrcs_;
  /// No stream was heard last before this.
  std::uint64_t oldestHeardUs_ = 0;
  /// Most packets come from the stream that the last one came from.
  std::size_t lastFound_ = 0;
};

}  // namespace sallyport::media
