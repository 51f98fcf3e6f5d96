#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "media/relay.h"
#include "net/poller.h"
#include "net/port-pool.h"
#include "net/relay-routes.h"

namespace sallyport::net {

/// Takes over sockets that are bound already.
struct CreateRelay {
  RelayId relay = 0;
  std::array<LegSockets, 2> legs;
};
struct ConfigureLeg {
  RelayId relay = 0;
  std::size_t leg = 0;
  media::LegConfiguration configuration;
};
struct DestroyRelay {
  RelayId relay = 0;
};
struct ReadStatistics {
  RelayId relay = 0;
};
struct Command {
  /// Comes back with the reply.
  std::uint32_t request = 0;
  std::variant<CreateRelay, ConfigureLeg, DestroyRelay, ReadStatistics> body;
};

enum class CommandFailure : std::uint8_t {
  unknownRelay,
  pollerRefused,
  noSession,
  learningNeedsSrtp,
  keyInBothDirections,
  remoteNotUnicast,
  /// Packets would come back (`RelayRoutes`).
  remoteIsOurselves,
};
/// What a leg counted, and what it knows of the streams that arrived on it.
struct LegReport : media::LegStatistics {
  std::vector<media::Stream> streams;
  /// From here to the leg's peer.
  std::optional<std::uint32_t> roundTripUs;
};
using RelayStatistics = std::array<LegReport, 2>;
struct Reply {
  std::uint32_t request = 0;
  /// `RelayStatistics` for `ReadStatistics` and, for the last time, `DestroyRelay`.
  std::variant<std::monostate, RelayStatistics, CommandFailure> body;
};
struct Event {
  RelayId relay = 0;
  /// Without its octets: they are below, copied.
  media::RelayEvent event;
  std::vector<std::uint8_t> octets;
};
using Message = std::variant<Reply, Event>;

/// One thread that owns the sockets, SRTP contexts and counters of its relays. What it shares with
/// other threads is the queue of commands, read when its poller is woken, the messages it sends,
/// and where the plane's legs send to.
class MediaWorker final : private DatagramHandler {
 public:
  /// Called on the worker's thread; must not block or throw.
  using Deliver = std::function<void(Message)>;

  /// `routes` are those of all workers of a plane.
  MediaWorker(std::unique_ptr<Poller> poller, Deliver deliver,
              std::shared_ptr<RelayRoutes> routes = std::make_shared<RelayRoutes>());
  MediaWorker(const MediaWorker&) = delete;
  MediaWorker& operator=(const MediaWorker&) = delete;
  /// Ends the thread, closes the sockets and wipes the keys; nothing is delivered afterwards.
  ~MediaWorker() override;

  /// Queues `command`; every one is answered by one reply, in order. From any thread.
  void post(Command command);

  /// Keeps the thread on one processor. False when the machine has none of that number, or not for
  /// us.
  [[nodiscard]] bool pinTo(unsigned processor) noexcept;

 private:
  struct Carried {
    RelayId id = 0;
    media::Relay relay;
    /// By leg, RTP before RTCP; absent where RTCP shares RTP's.
    std::array<std::optional<Endpoint>, 4> endpoints;

    std::optional<Endpoint>& endpoint(std::size_t leg, media::Channel channel) noexcept {
      return endpoints[2 * leg + static_cast<std::size_t>(channel)];
    }
  };

  void run() noexcept;
  void obey(Command command);
  Reply execute(std::uint32_t request, CreateRelay body);
  Reply execute(std::uint32_t request, ConfigureLeg body);
  Reply execute(std::uint32_t request, DestroyRelay body);
  Reply execute(std::uint32_t request, ReadStatistics body);
  [[nodiscard]] Carried* find(RelayId relay) noexcept;
  /// Nothing while there are no relays: an idle worker sleeps.
  [[nodiscard]] std::optional<std::chrono::milliseconds> untilNextTick() const noexcept;
  void tickWhenDue() noexcept;
  void deliverEvents(Carried& carried) noexcept;
  void onDatagrams(std::span<Datagram> batch) noexcept override;
  static void prefetchAfter(std::span<const Datagram> batch, std::size_t i) noexcept;
  void onSendResult(const Datagram& datagram, int error) noexcept override;

  std::unique_ptr<Poller> poller_;
  Deliver deliver_;
  std::shared_ptr<RelayRoutes> routes_;
  std::unordered_map<RelayId, std::unique_ptr<Carried>> relays_;
  std::uint64_t nextTickMs_ = 0;
  std::mutex mutex_;
  std::vector<Command> queue_;
  std::atomic<bool> isStopping_ = false;
  std::thread thread_;
};

}  // namespace sallyport::net
