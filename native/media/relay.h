#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "media/leg.h"
#include "media/relay-events.h"
#include "media/silence-watch.h"
#include "media/stream-map.h"

namespace sallyport::media {

/// What leaves on the other leg, or as an answer on the port where it came.
struct Departure {
  std::size_t leg = 0;
  Channel channel = Channel::rtp;
  /// Which port of the leg it leaves from: with RTCP multiplexed always RTP's.
  Channel port = Channel::rtp;
  std::size_t length = 0;
  TransportAddress to;
  bool isAnswer = false;
};

/// Two legs and the packets between them. Fed with datagrams and the time, drained of departures
/// and events; every datagram is counted once as received and once as sent, handled or dropped.
class Relay {
 public:
  [[nodiscard]] std::optional<ConfigureFailure> configure(std::size_t leg,
                                                          LegConfiguration configuration,
                                                          std::uint64_t nowMs = 0) noexcept;

  /// Opens and seals in place. Nothing: dropped and counted. A departure must be closed with
  /// `onSent` or `onUnsent`.
  [[nodiscard]] std::optional<Departure> receive(Arrival arrival, std::uint64_t nowMs) noexcept;
  void onSent(const Departure& departure) noexcept;
  /// Step by step (`Leg::kPrefetchSteps`) brings what `receive` needs for `leg` into the cache.
  void prefetch(std::size_t leg, std::size_t step) const noexcept {
    sides_[leg].leg.prefetchForOpening(step);
    sides_[otherLeg(leg)].leg.prefetchForSealing(step);
    streams_.arrivingOn(leg).prefetch(step);
  }
  void onUnsent(const Departure& departure, DropReason reason) noexcept;

  /// Once a second, also while nothing arrives: what only time brings about.
  void onTick(std::uint64_t nowMs) noexcept;

  /// The next event that datagrams or ticks raised; ask until there is none.
  [[nodiscard]] std::optional<RelayEvent> takeEvent() noexcept { return events_.take(); }
  [[nodiscard]] const LegStatistics& statistics(std::size_t leg) const noexcept {
    return sides_[leg].leg.statistics;
  }

  /// The streams that arrived on `leg`.
  [[nodiscard]] const StreamTable& streams(std::size_t leg) const noexcept {
    return streams_.arrivingOn(leg);
  }

  static constexpr std::size_t otherLeg(std::size_t leg) noexcept { return 1 - leg; }

 private:
  struct Side {
    Leg leg;
    TransportAddress remoteRtp;
    SilenceWatch rtpSilence;
    SilenceWatch rtcpSilence;
    bool hasReportedFirstPacket = false;
    std::optional<std::uint64_t> wrongSourceReportedMs;
    std::uint64_t suppressed = 0;
  };

  /// Opens `arrival` and takes note of who sent it.
  [[nodiscard]] Result<std::size_t, DropReason> open(const Arrival& arrival,
                                                     std::uint64_t nowMs) noexcept;
  /// Maps the first `length` octets of what was opened to the other leg, and seals them for it.
  [[nodiscard]] Result<std::size_t, DropReason> carry(const Arrival& arrival,
                                                      std::size_t length) noexcept;
  [[nodiscard]] std::optional<Departure> receiveOther(const Arrival& arrival, DatagramKind kind,
                                                      std::uint64_t nowMs) noexcept;
  void noteWrongSource(const Arrival& arrival, std::uint64_t nowMs) noexcept;
  void noteKey(std::size_t leg, srtp::KeyNotice notice, bool isOurs) noexcept;
  void monitor(std::size_t leg, LegMonitoring monitoring) noexcept;
  void noteFirstPacket(const Arrival& arrival) noexcept;
  void noteSourceChange(const Arrival& arrival) noexcept;

  std::array<Side, 2> sides_;
  StreamMap streams_;
  RelayEvents events_;
};

}  // namespace sallyport::media
