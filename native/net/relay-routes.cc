#include "net/relay-routes.h"

#include <functional>
#include <string_view>
#include <unordered_set>

namespace sallyport::net {

using media::TransportAddress;

void RelayRoutes::add(RelayId relay, std::size_t leg, const TransportAddress& local) {
  const std::lock_guard lock(mutex_);
  const auto enter = [&](const TransportAddress& address) {
    relays_[relay].local.push_back(address);
    legs_.insert_or_assign(address, Leg{relay, leg});
  };
  enter(local);
  for (const HostAliases& host : hosts_) {
    if (!host.host.isSameHost(local)) continue;
    for (const TransportAddress& alias : host.aliases) enter(alias.withPort(local.port()));
  }
}

void RelayRoutes::remove(RelayId relay) {
  const std::lock_guard lock(mutex_);
  const auto found = relays_.find(relay);
  if (found == relays_.end()) return;
  for (const TransportAddress& local : found->second.local) legs_.erase(local);
  relays_.erase(found);
}

void RelayRoutes::set(RelayId relay, std::size_t leg, std::span<const TransportAddress> remotes) {
  relays_[relay].remotes[leg].assign(remotes.begin(), remotes.end());
}

// What arrives on one leg of a relay leaves on the other. There is no loop yet, so that a new one
// must pass through `relay`.
bool RelayRoutes::comesBack(RelayId relay, std::size_t leg,
                            std::span<const TransportAddress> remotes) const {
  std::vector<Leg> reached;
  const auto follow = [&](std::span<const TransportAddress> addresses) {
    for (const TransportAddress& address : addresses) {
      const auto found = legs_.find(address);
      if (found != legs_.end()) reached.push_back(found->second);
    }
  };
  follow(remotes);
  for (const Leg& next : reached) {
    if (next.relay == relay) return true;
  }

  std::unordered_set<std::uint64_t> visited;
  while (!reached.empty()) {
    const Leg arrived = reached.back();
    reached.pop_back();
    const std::size_t leaving = 1 - arrived.leg;
    if (arrived.relay == relay && leaving == leg) return true;
    if (!visited.insert(std::uint64_t{arrived.relay} << 1 | arrived.leg).second) continue;
    const auto found = relays_.find(arrived.relay);
    if (found != relays_.end()) follow(found->second.remotes[leaving]);
  }
  return false;
}

std::size_t RelayRoutes::Hash::operator()(const TransportAddress& address) const noexcept {
  const auto octets = address.octets();
  const std::string_view text(reinterpret_cast<const char*>(octets.data()), octets.size());
  return std::hash<std::string_view>{}(text) ^ address.port();
}

}  // namespace sallyport::net
