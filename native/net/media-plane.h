#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "net/media-worker.h"
#include "net/port-pool.h"

namespace sallyport::net {

/// A local address on which legs may be, and their ports there.
struct Interface {
  media::TransportAddress host;
  PortRange ports;
  /// Other addresses under which peers reach its ports.
  std::vector<media::TransportAddress> aliases = {};
};

struct MediaPlaneOptions {
  std::vector<Interface> interfaces;
  std::size_t workers = 1;
  /// Worker i stays on the i-th of these, beginning again after the last; none: the kernel places
  /// them.
  std::vector<unsigned> processors;
  /// How long a port rests before another call may have it.
  std::uint64_t portCoolDownMs = 10'000;
  SocketOptions sockets;
};

enum class OpenFailure : std::uint8_t { pollerRefused, processorNotAvailable };

/// What a leg is to have.
struct LegPlace {
  /// Index in `MediaPlaneOptions::interfaces`.
  std::size_t interface = 0;
  RtcpPorts rtcp = RtcpPorts::pair;
};

/// Where a leg listens; `rtcp` equals `rtp` where they are multiplexed.
struct LegPorts {
  std::uint16_t rtp = 0;
  std::uint16_t rtcp = 0;
};

/// Why a relay was not made, and which leg was in the way.
struct CreateFailure {
  BindFailure failure = BindFailure::internal;
  std::size_t leg = 0;
};

/// The workers and the ports that their relays have. A relay lives on one worker from its beginning
/// to its end. Belongs to one thread, which commands it; `deliver` is called on the workers'.
class MediaPlane {
 public:
  /// Threads run when it returns. `processorNotAvailable`: one of `processors` cannot be had.
  static Result<std::unique_ptr<MediaPlane>, OpenFailure> open(const MediaPlaneOptions& options,
                                                               MediaWorker::Deliver deliver);

  /// Binds both legs and gives the relay to the worker that has fewest. The worker answers
  /// `request`; when it refuses, say so with `forget`.
  Result<std::array<LegPorts, 2>, CreateFailure> createRelay(std::uint32_t request, RelayId relay,
                                                             const std::array<LegPlace, 2>& places);
  /// Hands `body`, which names a relay, to the worker that has it; for an unknown one any worker
  /// answers.
  template <typename Body>
  void post(std::uint32_t request, Body body) {
    workerOf(body.relay).post({request, std::move(body)});
  }
  /// Ends a relay; its ports begin to rest.
  void destroyRelay(std::uint32_t request, RelayId relay);
  /// Takes back the ports of a relay that its worker refused to make.
  void forget(RelayId relay);

  /// Relays of each worker.
  [[nodiscard]] std::vector<std::size_t> load() const;
  /// Ports of an interface that are bound or rest.
  [[nodiscard]] std::size_t unavailablePorts(std::size_t interface) const noexcept {
    return pools_[interface].unavailable();
  }

 private:
  struct Hosted {
    std::size_t worker = 0;
    std::array<LegPlace, 2> places;
    std::array<LegPorts, 2> ports;
  };
  struct Host {
    std::unique_ptr<MediaWorker> worker;
    std::size_t relays = 0;
  };

  MediaPlane() = default;
  [[nodiscard]] MediaWorker& workerOf(RelayId relay) noexcept;

  std::vector<PortPool> pools_;
  std::vector<Host> hosts_;
  std::unordered_map<RelayId, Hosted> relays_;
  std::random_device random_;
};

}  // namespace sallyport::net
