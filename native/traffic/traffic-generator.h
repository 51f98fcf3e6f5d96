#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <thread>

#include "traffic/prepared-packets.h"
#include "traffic/traffic-plan.h"
#include "traffic/traffic-report.h"
#include "traffic/traffic-sockets.h"

namespace sallyport::traffic {

/// Plays both parties of many calls through a relay, each run on a thread of its own.
class TrafficGenerator {
 public:
  /// Gets nothing when the run could not begin. Called on the run's thread; must not block or
  /// throw.
  using Deliver = std::function<void(std::optional<TrafficReport>)>;

  explicit TrafficGenerator(TrafficSockets sockets) noexcept : sockets_(std::move(sockets)) {}
  TrafficGenerator(const TrafficGenerator&) = delete;
  TrafficGenerator& operator=(const TrafficGenerator&) = delete;
  /// Stops a run that is on.
  ~TrafficGenerator();

  [[nodiscard]] const TrafficSockets& sockets() const noexcept { return sockets_; }
  /// Makes every packet of `plan`; false when a session refuses one. Not while a run is on.
  [[nodiscard]] bool prepare(TrafficPlan plan);
  /// Sends what was prepared, once. False when nothing was, or a run is on.
  [[nodiscard]] bool start(Deliver deliver);

 private:
  void stop() noexcept;

  TrafficSockets sockets_;
  TrafficPlan plan_;
  std::optional<PreparedPackets> packets_;
  std::atomic<bool> isStopping_ = false;
  std::atomic<bool> isRunning_ = false;
  std::thread thread_;
};

}  // namespace sallyport::traffic
