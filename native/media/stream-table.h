#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "media/payload-clocks.h"
#include "media/reception.h"
#include "media/reference-times.h"
#include "media/sequence-numbering.h"
#include "media/voip-metrics.h"

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

/// One SSRC that a leg's peer sends with, and how it goes on.
struct Stream {
  std::uint32_t ssrc = 0;
  /// The SSRC that it leaves with; its own but for a collision.
  std::uint32_t sentSsrc = 0;
  std::uint8_t reassignments = 0;
  SequenceNumbering numbering;
  Reception reception;
  ReferenceTimes references;
  std::optional<FarReport> farReport;
  std::optional<VoipMetrics> farMetrics;
};

/// The streams that arrive on one leg. None is ever forgotten: an index must not be used twice for
/// as long as a key lives. Bounded; allocates only when a stream is added.
class StreamTable {
 public:
  [[nodiscard]] Stream* find(std::uint32_t ssrc) noexcept;
  [[nodiscard]] Stream* findSent(std::uint32_t sentSsrc) noexcept;
  [[nodiscard]] bool isFull() const noexcept { return streams_.size() >= maxStreams; }
  /// Not when full. Pointers to other streams are void afterwards.
  Stream& add(std::uint32_t ssrc, std::uint32_t sentSsrc);
  void onSenderChange() noexcept;
  /// In steps, the table before the stream that the last packet came from, into the cache.
  void prefetch(std::size_t step) const noexcept;
  [[nodiscard]] const std::vector<Stream>& streams() const noexcept { return streams_; }

  PayloadClocks clocks;
  std::size_t maxStreams = 64;
  /// From here to the leg's peer, as its last report told.
  std::optional<std::uint32_t> roundTripUs;

 private:
  std::vector<Stream> streams_;
  /// Most packets come from the stream that the last one came from.
  std::size_t lastFound_ = 0;
};

}  // namespace sallyport::media
