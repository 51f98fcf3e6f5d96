#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "media/statistics.h"
#include "media/stream-table.h"

namespace sallyport::media {

/// Stands between the opening of a packet on one leg and its sealing for the other, and sees to it
/// that what is sent never repeats (SSRC, extended sequence number), whatever senders do:
/// `SequenceNumbering` for the numbers; an SSRC of our own for a stream whose SSRC the receiving
/// peer sends with itself (RFC 3550 §8.2) or that another stream towards it has or had. RTCP is
/// rewritten alike, both ways. Packets in order leave octet by octet; timestamps always do.
class StreamMap {
 public:
  /// True when there is room for the stream of `packet`, plaintext RTP that arrived on `leg`; it is
  /// heard from then on.
  [[nodiscard]] bool admitsRtp(std::size_t leg, std::span<const std::uint8_t> packet,
                               std::uint64_t atUs);
  /// Takes note of such a packet and numbers it for the other leg.
  /// With `isSent` false it is only followed. What it returns keeps the packet back.
  [[nodiscard]] std::optional<DropReason> carryRtp(std::size_t leg, std::span<std::uint8_t> packet,
                                                   bool isSent, std::uint64_t atUs);
  /// The same for a compound that `isSoundRtcp` found whole; its contents are checked here.
  [[nodiscard]] std::optional<DropReason> carryRtcp(std::size_t leg,
                                                    std::span<std::uint8_t> compound,
                                                    std::uint64_t atUs);

  /// Another sender, or another key of it, is behind `leg` from now on.
  void onSenderChange(std::size_t leg) noexcept { tables_[leg].onSenderChange(); }

  [[nodiscard]] StreamTable& arrivingOn(std::size_t leg) noexcept { return tables_[leg]; }
  [[nodiscard]] const StreamTable& arrivingOn(std::size_t leg) const noexcept {
    return tables_[leg];
  }

 private:
  /// The stream of a packet that came at `atUs`. Null when there is no room, or no randomness.
  [[nodiscard]] Stream* hear(std::size_t leg, std::uint32_t ssrc, std::uint64_t atUs);
  [[nodiscard]] Stream* add(std::size_t leg, std::uint32_t ssrc);
  void giveWayTo(std::uint32_t ssrc, std::size_t leg) noexcept;
  [[nodiscard]] bool isTaken(std::size_t leg, std::uint32_t sentSsrc) noexcept;
  [[nodiscard]] std::optional<std::uint32_t> freshSsrc(std::size_t leg) noexcept;

  std::array<StreamTable, 2> tables_;
};

}  // namespace sallyport::media
