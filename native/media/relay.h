#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "media/leg.h"

namespace sallyport::media {

/// What leaves on the other leg's port of the same channel.
struct Departure {
  std::size_t leg = 0;
  std::size_t length = 0;
  TransportAddress to;
};

struct RelayEvent {
  enum class Kind : std::uint8_t { wrongSource, firstPacket };
  Kind kind = Kind::firstPacket;
  std::size_t leg = 0;
  TransportAddress from;
  /// How many more wrong sources came since the last such event of the leg.
  std::uint64_t suppressed = 0;
};

/// Two legs and the packets between them. Fed with datagrams and the time, drained of departures
/// and events; every datagram is counted once as received and once as sent or dropped.
class Relay {
 public:
  [[nodiscard]] std::optional<ConfigureFailure> configure(std::size_t leg,
                                                          LegConfiguration configuration) noexcept;

  /// Opens and seals in place. Nothing: dropped and counted. A departure must be closed with
  /// `onSent` or `onUnsent`.
  [[nodiscard]] std::optional<Departure> receive(const Arrival& arrival,
                                                 std::uint64_t nowMs) noexcept;
  void onSent(const Departure& departure, Channel channel) noexcept;
  void onUnsent(const Departure& departure, DropReason reason) noexcept;

  /// The event that the last datagram raised, if it did.
  [[nodiscard]] std::optional<RelayEvent> takeEvent() noexcept;
  [[nodiscard]] const LegStatistics& statistics(std::size_t leg) const noexcept {
    return sides_[leg].leg.statistics;
  }

  static constexpr std::size_t otherLeg(std::size_t leg) noexcept { return 1 - leg; }

 private:
  struct Side {
    Leg leg;
    bool hasReportedFirstPacket = false;
    std::optional<std::uint64_t> wrongSourceReportedMs;
    std::uint64_t suppressed = 0;
  };

  void noteWrongSource(const Arrival& arrival, std::uint64_t nowMs) noexcept;
  void noteFirstPacket(const Arrival& arrival) noexcept;

  std::array<Side, 2> sides_;
  std::optional<RelayEvent> event_;
};

}  // namespace sallyport::media
