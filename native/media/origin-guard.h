#pragma once

#include <cstdint>

#include "media/transport-address.h"

namespace sallyport::media {

/// Which source may send to one port of a leg, and where what we send goes.
///
/// Asked before any crypto and told afterwards: an address is learned only from a packet that the
/// caller vouches for (authenticated; on plain RTP: well-formed), never from its arrival alone.
class OriginGuard {
 public:
  /// Admits nobody.
  OriginGuard() = default;
  /// Admits exactly `remote`.
  static OriginGuard declared(const TransportAddress& remote) noexcept;
  /// Admits anybody until `proofsNeeded` vouched packets in a row came from one address, then
  /// only that address. Until then `remote` is sent to.
  static OriginGuard learned(const TransportAddress& remote, std::uint8_t proofsNeeded) noexcept;
  /// Admits any port of `host` until the first vouched packet, then only that port.
  static OriginGuard signallingAddress(const TransportAddress& remote,
                                       const TransportAddress& host) noexcept;

  [[nodiscard]] bool admits(const TransportAddress& from) const noexcept;
  /// A packet from `from`, admitted before, proved to be the peer's.
  void onVouched(const TransportAddress& from) noexcept;
  /// A packet from `from`, admitted before, failed its check: the row begins again.
  void onRefuted(const TransportAddress& from) noexcept;

  /// True when `other` was made from the same rule, whatever each has learned.
  [[nodiscard]] bool hasSameRule(const OriginGuard& other) const noexcept;
  [[nodiscard]] bool isSettled() const noexcept { return scope_ == Scope::exact; }
  /// Where to send: the settled address, or the declared one until then.
  [[nodiscard]] const TransportAddress& destination() const noexcept { return destination_; }

 private:
  enum class Rule : std::uint8_t { nobody, declared, learned, signallingAddress };
  enum class Scope : std::uint8_t { nobody, exact, host, anybody };

  OriginGuard(Rule rule, Scope scope, const TransportAddress& remote, const TransportAddress& host,
              std::uint8_t proofsNeeded) noexcept
      : rule_(rule),
        scope_(scope),
        proofsNeeded_(proofsNeeded),
        declared_(remote),
        host_(host),
        destination_(remote) {}

  Rule rule_ = Rule::nobody;
  Scope scope_ = Scope::nobody;
  std::uint8_t proofsNeeded_ = 0;
  std::uint8_t proofs_ = 0;
  TransportAddress declared_;
  TransportAddress host_;
  TransportAddress destination_;
  TransportAddress candidate_;
};

}  // namespace sallyport::media
