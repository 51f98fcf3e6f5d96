#pragma once

#include <cstdint>
#include <optional>

#include "media/address-block.h"
#include "media/transport-address.h"
#include "media/try-budget.h"

namespace sallyport::media {

/// Who may send to a leg (DESIGN §3.7).
enum class SourceRule : std::uint8_t {
  /// The address and port of the signalling.
  declared,
  /// Anybody, until somebody authenticates.
  learned,
  /// Anybody in a block of addresses, until the first packet that passes.
  subnet,
  /// Any port of one host, until the first packet that passes.
  signallingAddress,
};

/// What a guard goes by.
struct GuardSettings {
  SourceRule rule = SourceRule::declared;
  /// Where the signalling says that the peer listens; sent to until a source has settled.
  TransportAddress declared{};
  /// Read with `subnet` and `signallingAddress`.
  AddressBlock block{};
  /// Packets in a row from one address that settle it.
  std::uint8_t proofsToSettle = 1;
  /// Packets in a row that move a settled guard to another address; 0: it never moves.
  std::uint8_t proofsToMove = 0;

  bool operator==(const GuardSettings&) const noexcept = default;
};

/// A guard settled, or moved.
struct SourceChange {
  enum class Kind : std::uint8_t { learned, moved };
  Kind kind = Kind::learned;
  TransportAddress from;
  /// Where packets went before.
  TransportAddress previous;
};

/// Which source may send to one port of a leg, and where what we send goes.
///
/// Asked before any crypto and told afterwards: an address is learned only from a packet that the
/// caller vouches for (authenticated; on plain RTP: well-formed), never from its arrival alone.
///
///              vouched, in a row                  vouched, in a row, the settled one silent
///   unsettled ───────────────────▶ settled on A ───────────────────▶ settled on B
///   sends to what is declared      takes A alone                     takes B alone
class OriginGuard {
 public:
  enum class Verdict : std::uint8_t {
    admitted,
    wrongSource,
    /// It might be the peer, but strangers have used up the tries of this second.
    unproven,
  };

  /// What became of the peer's keys when a leg was configured again.
  enum class Peer : std::uint8_t { same, rekeyed, other };

  /// Admits nobody.
  OriginGuard() = default;
  explicit OriginGuard(const GuardSettings& settings) noexcept;

  /// Goes by `settings` from now on. What settled stays so while neither they nor the peer
  /// changed; after a new key packets go where they went until somebody proves himself. Where the
  /// address changed, the one before is taken for a grace time, until the first packet from the
  /// new.
  void change(const GuardSettings& settings, Peer peer, std::uint64_t nowMs) noexcept;

  [[nodiscard]] Verdict ask(const TransportAddress& from, std::uint64_t nowMs) noexcept;
  /// A packet from `from`, admitted before, proved to be the peer's.
  [[nodiscard]] std::optional<SourceChange> onVouched(const TransportAddress& from) noexcept;
  /// A packet from `from`, admitted before, failed its check: the row begins again.
  void onRefuted(const TransportAddress& from, std::uint64_t nowMs) noexcept;

  [[nodiscard]] bool isSettled() const noexcept { return state_ == State::settled; }
  /// Where to send: the settled address, or the declared one until then.
  [[nodiscard]] const TransportAddress& destination() const noexcept { return destination_; }

 private:
  enum class State : std::uint8_t { closed, unsettled, settled };

  [[nodiscard]] bool isInReach(const TransportAddress& from) const noexcept;
  [[nodiscard]] bool isFormer(const TransportAddress& from, std::uint64_t nowMs) noexcept;

  State state_ = State::closed;
  GuardSettings settings_;
  TransportAddress destination_;
  /// Who has proved himself `proofs_` times in a row.
  TransportAddress candidate_;
  std::uint8_t proofs_ = 0;
  /// The destination before the last change, while `formerUntilMs_` is not 0.
  TransportAddress former_;
  std::uint64_t formerUntilMs_ = 0;
  TryBudget tries_;
};

}  // namespace sallyport::media
