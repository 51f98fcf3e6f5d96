#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>

namespace sallyport::media {

/// Gives each packet of one incoming stream the sequence number that it leaves with, so that no
/// number leaves twice: under SRTP a repeated index is a two-time pad (RFC 3711 §9.1).
///
/// In the ordinary case that is the number it came with: losses, jumps ahead of less than 2^15, and
/// packets late by less than `kLatePackets` keep theirs. A sender that goes back (restarts, jumps
/// back) is carried on above the highest number sent; so is one that ran on for 2^15 packets while
/// nothing was sent, which a receiver's index estimate could not follow (RFC 3711 §3.3.1).
///
///   came   65533 65534 65535 0 1 | 10  11   9  | 12
///   leaves 65533 65534 65535 0 1 |  2   3   4  |  5...   9 found its place taken: it goes above
///
/// Numbers are extended by the count of cycles (RFC 3550 A.1) and start at the first packet's.
class SequenceNumbering {
 public:
  /// Packets behind the highest within which a number that was not seen is taken for late. Not more
  /// than the smallest default of an outbound replay list.
  static constexpr std::size_t kLatePackets = 128;

  enum class Order : std::uint8_t { ahead, late, duplicate, restarted };
  struct Verdict {
    Order order = Order::ahead;
    /// Meaningless for a duplicate.
    std::uint16_t sequenceNumber = 0;
  };

  /// Two packets are duplicates when number and timestamp agree; a number seen with another
  /// timestamp is a sender that went back. With `isSent` false nothing leaves (a hold): the stream
  /// is only followed.
  [[nodiscard]] Verdict number(std::uint16_t sequenceNumber, std::uint32_t timestamp,
                               bool isSent) noexcept;

  /// What comes from now on may be another sender's: it is no duplicate of what came before.
  void onSenderChange() noexcept { firstOfSender_ = highestLeaving_ + 1; }

  /// What comes from now on is another stream, which goes on above the numbers of this one. Counts
  /// of what was received begin anew.
  void onOtherStream() noexcept;

  /// True while every number left as it came.
  [[nodiscard]] bool isIdentity() const noexcept { return isIdentity_; }
  /// The sender's own number for one that left; exact for the present and the last run between two
  /// restarts. The second form is extended by cycles, counted since the sender's last restart.
  [[nodiscard]] std::uint16_t original(std::uint16_t sentNumber) const noexcept;
  [[nodiscard]] std::uint32_t originalExtended(std::uint32_t sentNumber) const noexcept;
  /// True when both left within the same run.
  [[nodiscard]] bool isSameRun(std::uint16_t one, std::uint16_t other) const noexcept;

  /// Packets that should have come (RFC 3550 A.3), over all runs.
  [[nodiscard]] std::uint64_t expectedPackets() const noexcept;
  [[nodiscard]] std::uint32_t restarts() const noexcept { return restarts_; }
  /// The highest number received in the present run, with cycles.
  [[nodiscard]] std::uint32_t highestReceived() const noexcept {
    return static_cast<std::uint32_t>(highestReceived_);
  }

 private:
  /// Extended numbers from `firstLeaving` on left with `offset` added to what they came with.
  struct Run {
    std::int64_t firstLeaving = 0;
    std::int64_t offset = 0;
  };

  static constexpr std::size_t slotOf(std::int64_t leaving) noexcept {
    return static_cast<std::size_t>(leaving) % kLatePackets;
  }
  [[nodiscard]] Verdict restart(std::uint16_t sequenceNumber, std::uint32_t timestamp,
                                bool isSent) noexcept;
  /// Begins a run with what was received as `received`; returns its leaving number.
  [[nodiscard]] std::int64_t beginRunFor(std::int64_t received, bool isSent) noexcept;
  [[nodiscard]] bool isTooFarToFollow(std::int64_t leaving) const noexcept;
  void advance(std::int64_t leaving) noexcept;
  void take(std::int64_t leaving, std::uint32_t timestamp, bool isSent) noexcept;
  [[nodiscard]] std::int64_t extend(std::uint16_t sentNumber) const noexcept;
  [[nodiscard]] const Run& runOf(std::int64_t leaving) const noexcept {
    return leaving >= present_.firstLeaving ? present_ : last_;
  }

  bool hasStarted_ = false;
  /// Numbers of another stream lie below.
  bool isContinued_ = false;
  bool hasSent_ = false;
  bool isIdentity_ = true;
  std::uint32_t restarts_ = 0;
  std::int64_t firstReceived_ = 0;
  std::int64_t highestReceived_ = 0;
  std::uint64_t expectedBefore_ = 0;
  std::int64_t highestLeaving_ = 0;
  std::int64_t highestSent_ = 0;
  std::int64_t firstOfSender_ = 0;
  Run present_;
  Run last_;
  /// By `slotOf`: numbers up to `highestLeaving_` that are taken, and by which timestamp.
  std::bitset<kLatePackets> isTaken_;
  std::array<std::uint16_t, kLatePackets> foldedTimestamps_{};
};

}  // namespace sallyport::media
