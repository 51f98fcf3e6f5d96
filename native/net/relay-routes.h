#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "media/transport-address.h"

namespace sallyport::net {

/// Names a relay to the worker that carries it; chosen by the control side, never used twice.
using RelayId = std::uint32_t;

/// A local address on which legs may be, and the others under which peers reach the same ports.
struct HostAliases {
  media::TransportAddress host;
  std::vector<media::TransportAddress> aliases;
};

/// Where the legs of a plane listen and where they send to, so that no packet goes round for ever
/// (RFC 3550 §8.2). A call that is routed back to the plane is none of these: one relay sends to
/// the other, and the other's second leg to somebody else. A loop is a way from a leg back to it:
///
///   leg 0 | relay 1 | leg 1 ---> leg 0 | relay 2 | leg 1 ---> leg 0 | relay 1 | ...
///
/// Goes by what legs are told, not by what they learn. All members are thread-safe; none is called
/// per packet.
class RelayRoutes {
 public:
  explicit RelayRoutes(std::vector<HostAliases> hosts = {}) : hosts_(std::move(hosts)) {}

  /// A port of a leg, before packets can come there.
  void add(RelayId relay, std::size_t leg, const media::TransportAddress& local);
  /// Sends a leg to `remotes` when `apply()` returns true. False, and `apply` is not called, when
  /// packets would come back, or when one of them is a port of the same relay.
  template <typename Apply>
  [[nodiscard]] bool point(RelayId relay, std::size_t leg,
                           std::span<const media::TransportAddress> remotes, Apply apply) {
    const std::lock_guard lock(mutex_);
    if (comesBack(relay, leg, remotes)) return false;
    if (apply()) set(relay, leg, remotes);
    return true;
  }
  /// Before its ports close.
  void remove(RelayId relay);

 private:
  struct Leg {
    RelayId relay = 0;
    std::size_t leg = 0;
  };
  struct Routes {
    std::vector<media::TransportAddress> local;
    std::array<std::vector<media::TransportAddress>, 2> remotes;
  };
  struct Hash {
    std::size_t operator()(const media::TransportAddress& address) const noexcept;
  };

  [[nodiscard]] bool comesBack(RelayId relay, std::size_t leg,
                               std::span<const media::TransportAddress> remotes) const;
  void set(RelayId relay, std::size_t leg, std::span<const media::TransportAddress> remotes);

  const std::vector<HostAliases> hosts_;
  std::mutex mutex_;
  std::unordered_map<RelayId, Routes> relays_;
  std::unordered_map<media::TransportAddress, Leg, Hash> legs_;
};

}  // namespace sallyport::net
