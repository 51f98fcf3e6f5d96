#include "traffic/traffic-generator.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

#include "traffic/traffic-run.h"

namespace sallyport::traffic {

TrafficGenerator::~TrafficGenerator() { stop(); }

bool TrafficGenerator::prepare(TrafficPlan plan) {
  if (isRunning_) return false;
  packets_ = PreparedPackets::of(plan);
  plan_ = std::move(plan);
  return packets_.has_value();
}

bool TrafficGenerator::start(Deliver deliver) {
  if (isRunning_ || !packets_) return false;
  stop();
  isStopping_ = false;
  isRunning_ = true;

  // Signals belong to the main thread: a new one inherits the mask of its maker.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread(
      [this, run = std::make_unique<TrafficRun>(sockets_, plan_, *std::exchange(packets_, {})),
       deliver = std::move(deliver)] {
        const auto report = run->carry(isStopping_);
        isRunning_ = false;
        deliver(report);
      });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return true;
}

void TrafficGenerator::stop() noexcept {
  isStopping_ = true;
  if (thread_.joinable()) thread_.join();
}

}  // namespace sallyport::traffic
